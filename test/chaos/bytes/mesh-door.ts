/**
 * Speaks as a member of the cluster that is down, with its secret: so the damage is met by the decoders behind the
 * handshake, not by the handshake. What is recorded is what the other members send to that member, turned around.
 *
 * Nodes trust that a member follows its protocol (ARCHITECTURE.md, "What is assumed"): a message that is well formed
 * and false is not damage but a lie. So the recorded envelopes go to an actor that nobody has, where their content
 * ends.
 */
import type { Address, NodeId } from '@synod/runtime/protocol'
import { type CloseName, closeCodes } from '../../../runtime/src/mesh/close-codes.ts'
import { type Claim, decodeFrame, encodeEnvelopes, encodeHeartbeat } from '../../../runtime/src/mesh/frame.ts'
import { Handshake, type Party } from '../../../runtime/src/mesh/handshake.ts'
import type { Door, Target } from './attack.ts'
import { type Message, RawSocket } from './raw-socket.ts'

export const documentedMesh: ReadonlyMap<number, string> = new Map(
  Object.entries(closeCodes).map(([name, code]) => [code, name as CloseName]),
)

export interface Member {
  readonly cluster: string
  readonly secret: string
  readonly node: NodeId
}

/** The highest life there can be: no damaged claim makes the later frames those of an older one. */
const claim: Claim = { incarnation: '999999999999999-z', turn: 1 }

export function partyOf({ cluster, secret, node }: Member): Party {
  return {
    cluster,
    secret,
    node,
    claim: () => claim,
    testimony: () => ({ settled: false, sightings: new Map() }),
    nonce: () => '0'.repeat(32),
  }
}

/** A link as `member` to the node at `url`; `hear` gets the frames that the node sends. */
export async function join(
  url: string,
  peer: NodeId,
  member: Member,
  hear: (bytes: Buffer) => void,
): Promise<Target> {
  const handshake = new Handshake(partyOf(member), true, name => (name === peer ? peer : undefined))
  let welcomed: () => void = () => undefined
  const met = new Promise<void>(resolve => {
    welcomed = resolve
  })
  const onMessage = ({ isText, bytes }: Message) => {
    if (!isText) return hear(bytes)
    const step = handshake.receive(bytes.toString())
    if (step.say !== undefined) socket.sendText(step.say)
    if (step.met !== undefined) welcomed()
  }
  const socket: RawSocket = await RawSocket.open(url, '/mesh', onMessage)
  socket.sendText(handshake.hello())
  const end = await Promise.race([met, socket.closed])
  if (end !== undefined) throw new Error(`${url}/mesh closed during the handshake: ${end.code} ${end.reason}`)
  return {
    send: (...messages) => socket.sendBinary(...messages),
    closed: socket.closed,
    destroy: () => socket.destroy(),
  }
}

export function meshDoor(url: string, peer: NodeId, member: Member): Door {
  return {
    documented: documentedMesh,
    burst: 32,
    open: answered =>
      join(url, peer, member, bytes => {
        const frame = decodeFrame(bytes, peer, member.node)
        if (frame.kind === 'pong' && frame.stampMs >= firstStamp) answered(frame.stampMs - firstStamp)
      }),
    question: number => encodeHeartbeat('ping', claim, firstStamp + number),
  }
}

/** Stamps that no damaged heartbeat asks for. */
const firstStamp = 2 ** 52

/** Records frames of envelopes until there are `count`; `provoke` makes the node talk. */
export async function recordMesh(
  url: string,
  peer: NodeId,
  member: Member,
  count: number,
  provoke: () => Promise<unknown>,
): Promise<Uint8Array[]> {
  const recorded: Uint8Array[] = []
  const link = await join(url, peer, member, bytes => {
    const frame = decodeFrame(bytes, peer, member.node)
    if (frame.kind !== 'envelopes' || frame.envelopes.length === 0) return
    const turned = frame.envelopes.map(({ message, request, isReply, trace }) => ({
      to: `${peer}/nobody/${recorded.length}` as Address,
      from: `${member.node}/stranger/x` as Address,
      message,
      ...(trace === undefined ? {} : { trace }),
      ...(request === undefined ? {} : { request: { node: isReply ? peer : member.node, id: request.id } }),
      ...(isReply === true ? { isReply } : {}),
    }))
    recorded.push(encodeEnvelopes(claim, turned))
  })
  while (recorded.length < count) {
    await provoke()
    link.send(encodeHeartbeat('ping', claim, 0))
  }
  link.destroy()
  return [...recorded, encodeHeartbeat('ping', claim, 1), encodeHeartbeat('pong', claim, 1.5)]
}
