/**
 * The leader side of one group, `kv.0` on n1, by hand: messages in, messages and commands out; commands are applied
 * when the test says so. Every key lies in this group; what other groups say is up to the test.
 */
import { type Address, address, nodeId, type Request } from '@synod/runtime/protocol'
import { frontDoor, type GroupConfig } from '../../replicated/group.ts'
import type { LeaderOutbox, Seat } from '../../replicated/state-machine.ts'
import { StoreReader, StoreWriter } from '../../replicated/store.ts'
import { storeData } from '../../replicated/store-data.ts'
import type { Measures } from '../changes.ts'
import type { Command, PrepareShare } from '../commands.ts'
import type { LeaderState } from '../leader/state.ts'
import { shardMachine } from '../machine.ts'
import type { Prepare, Submit, TransactionMessage } from '../messages.ts'
import type { Operation } from '../operations.ts'

export const client: Address = address(nodeId('n3'), 'session', 'main')
const members = ['n1', 'n2', 'n3'].map(nodeId)
const config = (group: string): GroupConfig => ({
  group,
  protocol: 'paxos',
  members,
  preferred: nodeId('n1'),
})
const groups = Object.fromEntries(['kv.0', 'kv.1', 'kv.2'].map(group => [group, config(group)]))
export const leaderOf = (group: string, node = 'n1'): Address => frontDoor(nodeId(node), group)

export type Bench = ReturnType<typeof leaderBench>
interface Sent {
  readonly to: Address
  readonly message: { readonly type: string } & Record<string, unknown>
}

export function leaderBench(options: { readonly assigned?: boolean; readonly measures?: Measures } = {}) {
  const machine = shardMachine({ measures: options.measures ?? {} })
  const side = machine.leader
  if (side === undefined) throw new Error('a shard has a leader side')
  const data = storeData([], machine.tables)
  const seat: Seat = { group: 'kv.0', node: nodeId('n1'), members, store: new StoreReader(data) }
  let index = 0
  let random = 0.5
  let nowMs = 10_000
  let sent: Sent[] = []
  let replies: { request: Request; result: unknown }[] = []
  let proposed: Command[] = []
  let tokens: number[] = []
  const timers = new Map<string, number>()
  const out: LeaderOutbox<Command> = {
    propose: command => void proposed.push(command),
    confirm: token => void tokens.push(token),
    send: (to, message) => void sent.push({ to, message: message as Sent['message'] }),
    reply: (request, result) => void replies.push({ request, result }),
    setTimer: (name, delayMs) => void timers.set(name, nowMs + delayMs),
    cancelTimer: name => void timers.delete(name),
    random: () => random,
    note: () => {},
  }

  function applyToStore(command: Command) {
    index += 1
    const writer = new StoreWriter(data)
    try {
      const result = machine.apply(writer, command, { index, timeMs: nowMs })
      writer.commit()
      return { ok: true, result } as const
    } catch (error) {
      writer.undo()
      return { ok: false, failed: String(error) } as const
    }
  }
  const shards = [{ shard: 'kv.0', group: 'kv.0', keyspace: 'kv', from: 0, to: 2 ** 32 }]
  if (options.assigned !== false) applyToStore({ type: 'assign', assignment: { epoch: 1, shards, groups } })
  let state: LeaderState = side.start(seat, out)
  const now = () => ({ monotonicMs: nowMs, wallMs: nowMs })

  const bench = {
    store: seat.store,
    get state() {
      return state
    },
    /** As the host does when a member does not lead. */
    refuse: (message: TransactionMessage) => {
      side.refuse(seat, { kind: 'message', from: client, message, now: now() }, nodeId('n2'), out)
    },
    message: (from: Address, message: TransactionMessage) => {
      side.receive(state, seat, { kind: 'message', from, message, now: now() }, out)
    },
    request: (message: TransactionMessage) => {
      const request = { node: nodeId('n1'), id: 1 }
      side.receive(state, seat, { kind: 'request', request, message, now: now() }, out)
    },
    peer: (node: string, reachable: boolean) => {
      side.receive(state, seat, { kind: 'peer', node: nodeId(node), reachable, now: now() }, out)
    },
    /** Applies what is proposed, in order, and what follows from it. Returns the types of the commands. */
    applyAll: () => {
      const types: string[] = []
      for (let command = proposed.shift(); command !== undefined; command = proposed.shift()) {
        types.push(command.type)
        side.applied(state, seat, command, applyToStore(command), out)
      }
      return types
    },
    /** A command of somebody else: a deposed leader. */
    applyForeign: (command: Command) => side.applied(state, seat, command, applyToStore(command), out),
    confirmAll: () => {
      for (const token of tokens.splice(0)) side.confirmed(state, seat, token, out)
    },
    /** Time goes on; timers fire when they are due. */
    pass: (ms: number) => {
      const endMs = nowMs + ms
      for (;;) {
        const due = [...timers].filter(([, atMs]) => atMs <= endMs).sort((a, b) => a[1] - b[1])[0]
        if (due === undefined) break
        timers.delete(due[0])
        nowMs = Math.max(nowMs, due[1])
        side.receive(state, seat, { kind: 'timer', name: due[0], now: now() }, out)
      }
      nowMs = endMs
    },
    /** Another leader side over the same store. */
    restart: () => {
      side.stop(state, seat, out)
      timers.clear()
      proposed = []
      tokens = []
      random /= 2
      state = side.start(seat, out)
      random *= 2
    },
    get proposed() {
      return proposed
    },
    dropProposed: () => {
      proposed = []
    },
    take: () => {
      const taken = sent
      sent = []
      return taken
    },
    takeReplies: () => {
      const taken = replies
      replies = []
      return taken
    },
    /** Sent and not taken yet, by type. */
    takeType: (type: string) => {
      const taken = sent.filter(({ message }) => message.type === type)
      sent = sent.filter(({ message }) => message.type !== type)
      return taken
    },
  }
  return bench
}

/** Operations per group, the coordinator first; indexes go on. */
export function submit(
  sequence: number,
  shares: Readonly<Record<string, readonly Operation[]>>,
  more: Partial<Submit> = {},
): Submit {
  let index = 0
  return {
    type: 'submit',
    id: { session: 's', sequence },
    shares: Object.entries(shares).map(([group, operations]) => ({
      group,
      operations: operations.map(operation => ({ index: index++, operation })),
    })),
    epoch: 1,
    firstIncomplete: 0,
    patienceMs: 5_000,
    ...more,
  }
}

/** Of a bench's leaders, the first first. */
export const nonces = [2 ** 31, 2 ** 30] as const

export function yesVote(
  tx: string,
  group: string,
  attempt = 1,
  prepared = 5,
  nonce: number = nonces[0],
): TransactionMessage {
  return { type: 'vote', tx, attempt, nonce, group, vote: 'yes', prepared, results: [] }
}

/** A share of a transaction that another group coordinates. */
export function prepareOf(
  tx: string,
  operations: readonly Operation[],
  timeMs = 0,
  attempt = 1,
  coordinator = 'kv.1',
): Prepare {
  const share: PrepareShare = {
    type: 'prepare',
    tx,
    attempt,
    age: { timeMs, tx },
    epoch: 1,
    coordinator,
    participants: [coordinator, 'kv.0'],
    operations: operations.map((operation, index) => ({ index, operation })),
  }
  return { type: 'prepare', nonce: 7, share }
}
