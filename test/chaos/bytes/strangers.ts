/**
 * Who may not in: wrong secret, cluster, version, name; damaged words; bytes below WebSocket; silence, a thousand
 * times.
 */
import type { NodeId } from '@synod/runtime/protocol'
import type { Random } from '@synod/runtime/simulation'
import { webSocketCodes } from '../../../cluster/src/gateway/socket-codes.ts'
import { closeCodes } from '../../../runtime/src/mesh/close-codes.ts'
import { Handshake, wireVersion } from '../../../runtime/src/mesh/handshake.ts'
import { within } from './attack.ts'
import { documentedMesh, type Member, partyOf } from './mesh-door.ts'
import { mutateBytes } from './mutate.ts'
import { type Closed, framed, RawSocket } from './raw-socket.ts'

/** Says one thing after the upgrade, and hears how that ended. `answer` says what comes next, once. */
async function say(url: string, first: string, answer?: (text: string) => string): Promise<Closed> {
  const socket: RawSocket = await RawSocket.open(url, '/mesh', ({ bytes }) => {
    if (answer !== undefined) socket.sendText(answer(bytes.toString()))
  })
  socket.sendText(first)
  return within(socket.closed, 'the end of a stranger')
}

/** Each by the code that the SPEC names for it. */
export async function wrongHellos(
  url: string,
  peer: NodeId,
  member: Member,
): Promise<Record<string, number | undefined>> {
  const hello = (changes: Partial<Member>, more: object = {}) =>
    JSON.stringify({
      ...JSON.parse(new Handshake(partyOf({ ...member, ...changes }), true, () => peer).hello()),
      ...more,
    })
  const prover = new Handshake(partyOf({ ...member, secret: 'guessed' }), true, () => peer)
  return {
    badVersion: (await say(url, hello({}, { version: wireVersion + 1 }))).code,
    wrongCluster: (await say(url, hello({ cluster: 'another' }))).code,
    unknownNode: (await say(url, hello({ node: 'n77' as NodeId }))).code,
    badSecret: (await say(url, prover.hello(), challenge => prover.receive(challenge).say ?? '')).code,
  }
}

/** Damaged hellos and proofs: none gets in. Returns the names of the codes, and what was strange. */
export async function damagedWords(url: string, peer: NodeId, member: Member, count: number, random: Random) {
  const closed = new Map<string, number>()
  const strange: string[] = []
  for (let at = 0; at < count; at++) {
    const handshake = new Handshake(partyOf(member), true, () => peer)
    const damage = (text: string) =>
      Buffer.from(mutateBytes(random, [Buffer.from(text)]).bytes).toString('latin1')
    const late = random.chance(0.5)
    const first = late ? handshake.hello() : damage(handshake.hello())
    const end = await say(url, first, text => damage(late ? proofOf(handshake, text) : text))
    const name = documentedMesh.get(end.code ?? 0)
    if (name === undefined) strange.push(`${end.code} ${end.reason}`)
    else closed.set(name, (closed.get(name) ?? 0) + 1)
  }
  return { closed, strange }
}

function proofOf(handshake: Handshake, challenge: string): string {
  return handshake.receive(challenge).say ?? ''
}

/** Damage below the messages: lengths, opcodes, masks, UTF-8. Never more than one connection. */
export async function damagedWebSocket(url: string, path: string, count: number, random: Random) {
  const frames = [
    framed(1, Buffer.from('{"type":"hello"}')),
    framed(2, Buffer.alloc(200, 7)),
    framed(9, Buffer.from('ping')),
  ]
  const known = new Set<number>([...Object.values(webSocketCodes), ...Object.values(closeCodes), 4001])
  const strange: string[] = []
  let closed = 0
  for (let at = 0; at < count; at++) {
    const socket = await RawSocket.open(url, path, () => undefined)
    socket.raw(mutateBytes(random, frames).bytes)
    // What is only the beginning of a frame waits for the rest: this is certainly wrong, whatever came before.
    socket.raw(Buffer.alloc(70_000, 0xff))
    const { code } = await within(socket.closed, `an end to damage on ${path}`)
    if (code === undefined || !known.has(code)) strange.push(`${path}: ${code ?? 'no close frame'}`)
    else closed++
  }
  return { closed, strange }
}

export interface Idle {
  /** Resolves to how they ended. */
  end(): Promise<readonly Closed[]>
  destroy(): void
}

/** Connections that say nothing. */
export async function idle(url: string, path: string, count: number): Promise<Idle> {
  const sockets = await Promise.all(
    Array.from({ length: count }, () => RawSocket.open(url, path, () => undefined)),
  )
  return {
    end: () => Promise.all(sockets.map(socket => within(socket.closed, 'an end to silence'))),
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
