/**
 * One of the two nodes of the remote-tell bench: a whole production node (mesh, kernel, store) whose only actor keeps a
 * window of messages of 200 B in flight to its partner, which sends each one back.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startNode } from '@synod/runtime/host'
import { type ActorType, type Address, address, type NodeId } from '@synod/runtime/protocol'
import { scriptArgument } from './children.ts'
import type { PairArgument } from './remote-tell.ts'

interface Payload {
  readonly type: 'payload'
  readonly text: string
}
interface Counting {
  readonly partner: Address
  count: number
}
type Asked =
  | Payload
  | { readonly type: 'serve'; readonly window: number; readonly bytes: number }
  | { readonly type: 'count' }

const player: ActorType<Counting, Asked, { readonly partner: Address }> = {
  type: 'player',
  mailboxLimit: 100_000,
  start: ({ config }) => ({ partner: config.partner, count: 0 }),
  receive(state, event, out) {
    if (event.kind === 'request') {
      if (event.message.type === 'serve') {
        // Each its own text: a shared one would be sent once per frame.
        for (let at = 0; at < event.message.window; at++) {
          const text = String(at).padEnd(event.message.bytes, 'x')
          out.send(state.partner, { type: 'payload', text })
        }
      }
      out.reply(event.request, state.count)
    } else if (event.kind === 'message') {
      state.count++
      out.send(state.partner, event.message)
    }
  },
  describe: ({ count }) => ({ count }),
}

const { self, members, folder } = scriptArgument<PairArgument>()
const [own, other] = [members.find(member => member.id === self), members.find(member => member.id !== self)]
if (own === undefined || other === undefined) throw new Error('a pair has two members')
const server = createServer()
await new Promise<void>(resolve => server.listen(own.port, own.host, resolve))
const node = await startNode({
  cluster: 'bench',
  node: self as NodeId,
  folder,
  secret: 'bench',
  members,
  server,
  actors: [
    { type: player, name: 'main', config: { partner: address(other.id as NodeId, 'player', 'main') } },
  ],
  log: () => undefined,
  onFatal: error => {
    throw error
  },
})
await node.whenReady

/** The parent asks through the process channel: `serve` once, `count` as often as it likes. */
process.on('message', async (asked: Asked) => {
  const answer = await node.ask(address(self as NodeId, 'player', 'main'), asked, 10_000)
  process.send?.(answer.outcome === 'answered' ? answer.result : -1)
})
process.on('disconnect', () => process.exit(0))
process.send?.((server.address() as AddressInfo).port)
