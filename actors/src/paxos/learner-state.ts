/**
 * What a learner holds: the applied state of the group's machine. Its rows are that state at the last flushed slot; what was
 * chosen since is replayed from the acceptor beside it.
 */
import type { NodeId, Outbox, Rows, Start } from '@synod/runtime/protocol'
import { type Host, newHost } from '../replicated/machine-host.ts'
import type { Seat, StateMachine } from '../replicated/state-machine.ts'
import { type StoreData, storeData } from '../replicated/store-data.ts'
import { type Ballot, noBallot } from './ballot.ts'
import { type PaxosConfig, type Place, placeOf } from './config.ts'
import type { AcceptorMessage, LearnerMessage, ProposerMessage } from './messages.ts'

export interface LearnerState {
  readonly place: Place

  // Durable, as of `flushed`.
  host: Host
  /** Names the rows of the applied state: a snapshot is written under the next one, and switched to by one row. */
  generation: number
  /** The slot whose state the rows hold. */
  flushed: number

  // Volatile.
  /** Slot → digest of the log up to it, for the last slots. */
  readonly digests: Map<number, number>
  /** Last slot that the acceptor knows to be chosen. */
  chosen: number
  /** Up to where the acceptor's log is compacted. */
  base: number
  leader: NodeId | undefined
  /** The leader's ballot. */
  ballot: Ballot
  /** We lead; the leader side starts when our first own slot is applied. */
  lead: { readonly ballot: Ballot; readonly slot: number } | undefined
  side: Side | undefined
  /** The last generation that was ever begun. */
  lastGeneration: number
  incoming: Incoming | undefined
  capture: Capture | undefined
  /** Rows of a generation that is over, still to be erased: the upper bounds of the slices. */
  stale: { readonly generation: number; readonly bounds: string[] } | undefined
}

/** The machine's leader side, while we lead. */
export interface Side {
  /** Told apart from the sides before it, whose proposals and tokens may still be under way. */
  readonly id: number
  readonly seat: Seat
  readonly timers: Set<string>
  /** Confirmed read points that wait until `chosen` is applied here. */
  readonly reads: { readonly chosen: number; readonly tokens: readonly number[] }[]
  /** Belongs to the machine. */
  state: unknown
}

/** A snapshot on its way here. */
export interface Incoming {
  node: NodeId
  /** It must be at this slot or later. */
  slot: number
  generation: number
  capture: string | undefined
  offset: number
  entries: Map<string, unknown>
  tries: number
}

/** A snapshot that others pull: values are never changed, so holding them is enough. */
export interface Capture {
  readonly id: string
  readonly slot: number
  readonly index: number
  readonly timeMs: number
  readonly digest: number
  readonly entries: readonly (readonly [key: string, value: unknown])[]
  /** The bytes of the first none, one, two … entries, as far as they have been counted. */
  readonly bytes: number[]
}

/** The one row that says which rows are the state, and of which slot. */
export interface StateRow {
  readonly generation: number
  readonly applied: number
  readonly index: number
  readonly timeMs: number
  readonly digest: number
}
export const stateRow = 'state'

export function startLearner(
  start: Start<PaxosConfig>,
  machine: StateMachine,
  rows: Rows,
  out: Outbox,
): LearnerState {
  const row = rows.get(stateRow) as StateRow | undefined
  const generation = row?.generation ?? 0
  const host = newHost(machine)
  if (row !== undefined) {
    const { applied, index, timeMs, digest } = row
    Object.assign(host, { store: readStore(rows, generation, machine), applied, index, timeMs, digest })
  }
  eraseOthers(rows, generation, out)
  return {
    place: placeOf(start),
    host,
    generation,
    flushed: host.applied,
    digests: new Map([[host.applied, host.digest]]),
    chosen: host.applied,
    base: 0,
    leader: undefined,
    ballot: noBallot,
    lead: undefined,
    side: undefined,
    lastGeneration: generation,
    incoming: undefined,
    capture: undefined,
    stale: undefined,
  }
}

function readStore(rows: Rows, generation: number, { tables }: StateMachine): StoreData {
  const prefix = entryKey(generation, '')
  const entries: [string, unknown][] = []
  for (const [key, value] of rows.entries(entryRange(generation)))
    entries.push([key.slice(prefix.length), value])
  return storeData(entries, tables)
}

/** A snapshot that was not finished, or a state that one has replaced. */
function eraseOthers(rows: Rows, generation: number, out: Outbox): void {
  const { from, to } = entryRange(generation)
  for (const range of [
    { from: 'g', to: from },
    { from: to, to: 'h' },
  ]) {
    for (const _ of rows.entries(range)) {
      out.erase(range)
      break
    }
  }
}

/** The row of one key of the applied state. */
export function entryKey(generation: number, key: string): string {
  return `g${generation}/${key}`
}

export function entryRange(generation: number): { readonly from: string; readonly to: string } {
  return { from: `g${generation}/`, to: `g${generation}0` }
}

export function toAcceptor(state: LearnerState, message: AcceptorMessage, out: Outbox): void {
  out.send(state.place.own.acceptor, message)
}

export function toProposer(state: LearnerState, message: ProposerMessage, out: Outbox): void {
  out.send(state.place.own.proposer, message)
}

export function toOtherLearner(
  state: LearnerState,
  node: NodeId,
  message: LearnerMessage,
  out: Outbox,
): void {
  const other = state.place.members.find(member => member.node === node)
  if (other !== undefined) out.send(other.learner, message)
}
