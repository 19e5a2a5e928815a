/** A client of fake groups: plans by hash, follows leaders, sends again; what a session does, in little. */
import { type Address, address, nodeId } from '@synod/runtime/protocol'
import { frontDoor, type GroupConfig } from '../../replicated/group.ts'
import { placement } from '../../sharding/shard-map.ts'
import type { Measures } from '../changes.ts'
import type { Numbered, Share, Submit, ToSession } from '../messages.ts'
import type { Operation, Outcome, TxId } from '../operations.ts'
import { txKey } from '../rows.ts'
import { FakeGroups } from './fake-groups.ts'

export const nodes = ['n1', 'n2', 'n3'].map(nodeId)
export const layout = {
  kv: ['kv.0', 'kv.1', 'kv.2', 'kv.3'],
  orders: ['orders.0'],
  stock: ['stock.0', 'stock.1'],
  payment: ['payment.0'],
} as const

export interface Pending {
  readonly id: TxId
  readonly operations: readonly Operation[]
  outcome: Outcome | undefined
  /** All answers that came: a test wants them equal. */
  readonly answers: Outcome[]
  onAnswer: () => void
}
interface Options {
  readonly id?: TxId
  readonly firstIncomplete?: number
  readonly fingerprint?: string
  readonly retainMs?: number
  readonly patienceMs?: number
  /** Do not send it again. */
  readonly once?: true
}
export type FakeCluster = ReturnType<typeof openFake>

export function openFake(random: () => number, measures: Measures = {}) {
  const names = Object.values(layout).flat()
  const configs: GroupConfig[] = names.map((group, at) => {
    const preferred = nodes[at % nodes.length] ?? nodeId('n1')
    return { group, protocol: 'paxos', members: nodes, preferred }
  })
  const groups = new FakeGroups(configs, random, measures)
  groups.assign(1, layout)
  const self: Address = address(nodeId('c1'), 'session', 'main')
  const pending = new Map<string, Pending>()
  const readers = new Map<number, (answer: ToSession) => void>()
  let sequence = 0
  let open = 0

  groups.client(self, message => {
    const answer = message as ToSession
    if (answer.type === 'submitted') {
      const waiting = pending.get(txKey(answer.id))
      if (waiting === undefined) return
      // Definite, but not final: the same id is tried again.
      if (answer.outcome.status === 'unavailable' || answer.outcome.status === 'overloaded') return
      waiting.answers.push(answer.outcome)
      if (waiting.outcome === undefined) open -= 1
      waiting.outcome ??= answer.outcome
      waiting.onAnswer()
    } else if ('tag' in answer && answer.tag !== undefined) readers.get(answer.tag)?.(answer)
  })

  function plan(operations: readonly Operation[]): Share[] {
    const shares = new Map<string, Numbered[]>()
    operations.forEach((operation, index) => {
      const group = groupOf(operation.keyspace, operation.key)
      const share = shares.get(group) ?? []
      shares.set(group, share)
      share.push({ index, operation })
    })
    return [...shares].map(([group, share]) => ({ group, operations: share }))
  }

  /** Sends again until there is an answer: to the leader, or sometimes to whoever else. */
  function transact(operations: readonly Operation[], options: Options = {}): Pending {
    const id = options.id ?? { session: 's1', sequence: ++sequence }
    const shares = plan(operations)
    const waiting: Pending = { id, operations, outcome: undefined, answers: [], onAnswer: () => {} }
    pending.set(txKey(id), waiting)
    open += 1
    const submit: Submit = {
      type: 'submit',
      id,
      shares,
      epoch: 1,
      firstIncomplete: options.firstIncomplete ?? 0,
      patienceMs: options.patienceMs ?? 10_000,
      ...(options.fingerprint === undefined ? {} : { fingerprint: options.fingerprint }),
      ...(options.retainMs === undefined ? {} : { retainMs: options.retainMs }),
    }
    let sends = 0
    const send = () => {
      if (waiting.outcome !== undefined) return
      const group = shares[0]?.group ?? ''
      const node =
        sends++ === 0 || random() < 0.7 ? groups.group(group).leader.node : nodes[Math.floor(random() * 3)]
      if (node !== undefined) groups.send(self, frontDoor(node, group), submit)
      if (options.once !== true) groups.after(300, send)
    }
    send()
    return waiting
  }

  function ask(group: string, message: { readonly tag: number } & object): { answer: ToSession | undefined } {
    const result: { answer: ToSession | undefined } = { answer: undefined }
    readers.set(message.tag, answer => {
      result.answer ??= answer
    })
    groups.send(self, frontDoor(groups.group(group).leader.node, group), message)
    return result
  }

  return {
    groups,
    self,
    transact,
    ask,
    /** Until nothing is under way any more. */
    settle: (maxMs = 30_000) => groups.run(maxMs, () => open === 0),
    pending,
    value: (keyspace: string, key: string) =>
      groups.store(groupOf(keyspace, key)).get(`v/${keyspace}/${key}`) as
        | { value: unknown; version: number }
        | undefined,
  }
}

export function groupOf(keyspace: string, key: string): string {
  const groups: readonly string[] = layout[keyspace as keyof typeof layout]
  return groups[Math.floor((placement(key) * groups.length) / 2 ** 32)] ?? ''
}
