/**
 * Groups for searches of two-phase commit: each a Paxos group of a single member, with the real acceptor, proposer,
 * learner and shard machine. What is proposed is replicated in the same turn, and a node that dies comes back as a new
 * leader that knows only its log. What several members add is searched in the Paxos model.
 */
import {
  frontDoor,
  type GroupConfig,
  paxosGroupActors,
  type StateMachine,
  type Store,
  type Table,
} from '@synod/actors'
import { type Address, address, type NodeId, nodeId } from '@synod/runtime/protocol'
import { messageText, type World } from '@synod/runtime/simulation'
import type { LearnerState } from '../../../actors/src/paxos/learner-state.ts'
import { StoreReader } from '../../../actors/src/replicated/store.ts'
import type { LeaderState } from '../../../actors/src/transactions/leader/state.ts'
import type { Submit } from '../../../actors/src/transactions/messages.ts'
import { plantActor, plantedMachine } from '../planted/transactions.ts'
import { freeze, inPlace } from './in-place.ts'

/** A transaction appends its name to the list of each of these groups; the first coordinates. */
export interface Transaction {
  readonly session: string
  readonly groups: readonly string[]
}

export const commitBugs: readonly string[] = [
  'abortWithoutTombstone',
  'abortNotRecorded',
  'decisionForgottenTooEarly',
  'commitHeardAsAbort',
]

export function txOf({ session }: Transaction): string {
  return `${session}:1`
}

/** A group lives on the node of its name. */
export function nodeOf(group: string): NodeId {
  return nodeId(group)
}

export function door(group: string): Address {
  return frontDoor(nodeOf(group), group)
}

export function clientOf({ session }: Transaction): Address {
  return address(nodeId('client'), 'session', session)
}

export function actorsOf(group: string, bug: string | undefined) {
  const machine = plantedMachine(bug, () => 0)
  const shared: StateMachine = {
    ...machine,
    apply: (store, command, context) => machine.apply(frozen(store), command, context),
  }
  return paxosGroupActors({ group: config(group) }, shared).map(placed => ({
    ...placed,
    type: inPlace(plantActor(placed.type, placed.name, bug)),
  }))
}

/** Values are never changed in place: frozen, all states share them. */
function frozen(store: Store): Store {
  const table = (of: Table): Table => ({
    get: name => of.get(name),
    has: name => of.has(name),
    scan: (from, to) => of.scan(from, to),
    get size() {
      return of.size
    },
    put: (name, value) => {
      freeze(value)
      of.put(name, value)
    },
    delete: name => of.delete(name),
  })
  const all = table(store)
  return Object.assign(all, { table: (kind: string) => table(store.table(kind)) })
}

function config(group: string): GroupConfig {
  return { group, protocol: 'paxos', members: [nodeOf(group)], preferred: nodeOf(group) }
}

/** A keyspace of its own for each group. */
export function assignment(group: string, groups: readonly string[]) {
  const shards = [{ shard: `${group}.0`, group, keyspace: group, from: 0, to: 2 ** 32 }]
  const all = Object.fromEntries(groups.map(name => [name, config(name)]))
  return { type: 'assign', assignment: { epoch: 1, shards, groups: all } }
}

export function submit(transaction: Transaction, patienceMs: number): Submit {
  const { session, groups } = transaction
  const shares = groups.map((group, index) => ({
    group,
    operations: [{ index, operation: { op: 'append', keyspace: group, key: 'k', value: session } as const }],
  }))
  const id = { session, sequence: 1 }
  return { type: 'submit', id, shares, epoch: 1, firstIncomplete: 0, patienceMs, send: 1, after: 0 }
}

export function storeOf(world: World, group: string): StoreReader {
  return new StoreReader(learnerOf(world, group).host.store)
}

export function sideOf(world: World, group: string): LeaderState {
  return learnerOf(world, group).side?.state as LeaderState
}

function learnerOf(world: World, group: string): LearnerState {
  return world.state(door(group)) as LearnerState
}

/** What is the same in all messages of a transaction is left out. */
export function tell(message: unknown): string {
  const {
    shares: _s,
    operations: _o,
    participants: _p,
    results: _r,
    age: _a,
    epoch: _e,
    ...rest
  } = message as Fields
  const { firstIncomplete: _f, patienceMs: _m, send: _n, outcome, ...told } = rest
  return messageText(outcome === undefined ? told : { ...told, outcome: (outcome as Fields).status })
}
type Fields = Readonly<Record<string, unknown>>
