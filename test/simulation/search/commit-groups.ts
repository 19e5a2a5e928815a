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
  shardMachine,
} from '@synod/actors'
import { type Address, address, type NodeId, nodeId } from '@synod/runtime/protocol'
import { messageText, type World } from '@synod/runtime/simulation'
import type { LearnerState } from '../../../actors/src/paxos/learner-state.ts'
import { StoreReader } from '../../../actors/src/replicated/store.ts'
import type { LeaderState } from '../../../actors/src/transactions/leader/state.ts'
import type { Submit } from '../../../actors/src/transactions/messages.ts'
import type { Kind } from '../../../actors/src/transactions/rows.ts'
import { without } from '../planted/transactions.ts'
import { freeze, inPlace } from './in-place.ts'

/** A transaction appends its name to the list of each of these groups; the first coordinates. */
export interface Transaction {
  readonly session: string
  readonly groups: readonly string[]
}

/** Kinds of rows that a planted bug never writes. */
const planted: Readonly<Record<string, readonly Kind[]>> = {
  tombstonesNotKept: ['t'],
  decisionForgotten: ['u'],
  prepareNotKept: ['p'],
}
export const commitBugs: readonly string[] = Object.keys(planted)

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
  return paxosGroupActors({ group: config(group) }, machineWith(bug)).map(placed => ({
    ...placed,
    type: inPlace(placed.type),
  }))
}

function machineWith(bug: string | undefined): StateMachine {
  // As in placement: a host gives a machine only what the machine itself proposed.
  const machine = shardMachine({ measures: {} }) as unknown as StateMachine
  const lost = (bug === undefined ? undefined : planted[bug]) ?? []
  return {
    ...machine,
    apply: (store, command, context) => machine.apply(frozen(without(store, lost)), command, context),
  }
}

/** Values are never changed in place: frozen, all states share them. */
function frozen(store: Store): Store {
  return {
    ...store,
    get size() {
      return store.size
    },
    put: (key, value) => store.put(key, freeze(value)),
    table(kind) {
      const table = store.table(kind)
      return {
        get: name => table.get(name),
        has: name => table.has(name),
        scan: (from, to) => table.scan(from, to),
        get size() {
          return table.size
        },
        put: (name, row) => table.put(name, freeze(row)),
        delete: name => table.delete(name),
      }
    },
  }
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
