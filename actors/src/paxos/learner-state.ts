/**
 * What a learner holds: the applied state of the group's machine. Its rows are that state at the last flushed slot;
 * what was chosen since is replayed from the acceptor beside it.
 */
import type { KeyRange, NodeId, Outbox, Rows, Start } from '@synod/runtime/protocol'
import { type Host, newHost } from '../replicated/machine-host.ts'
import type { Seat, StateMachine } from '../replicated/state-machine.ts'
import { loadRow, settleLoaded } from '../replicated/store-data.ts'
import { type Ballot, noBallot } from './ballot.ts'
import { type PaxosConfig, type Place, placeOf } from './config.ts'
import type { AcceptorMessage, LearnerMessage, ProposerMessage } from './messages.ts'
import {
  allSegments,
  append,
  type Change,
  noSegments,
  readSegments,
  type Segments,
  segmentKey,
  segmentRange,
} from './segments.ts'

export interface LearnerState {
  readonly place: Place

  // Durable, as of `flushed`.
  host: Host
  /** Names the rows of the applied state: a snapshot is written under the next one, and switched to by one row. */
  generation: number
  segments: Segments
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
  readonly stale: Stale[]
  flushing: Flushing | undefined
}

/** A flush under way. */
export interface Flushing {
  readonly row: Omit<StateRow, 'segments'>
  /** What changed up to its slot, and what is appended once more. */
  readonly entries: readonly Change[]
  /** How many are written in a turn, and how many have been. */
  readonly slice: number
  written: number
  /** As they will be. */
  segments: Segments
}

/** Segments that are still to be erased. */
export interface Stale {
  readonly generation: number
  readonly from: number
  readonly to: number
}

/** The machine's leader side, while we lead. */
export interface Side {
  /** Told apart from the sides before it, whose proposals and tokens may still be under way. */
  readonly id: number
  readonly ballot: Ballot
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
  /** Where they are staged. */
  segments: Segments
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
  /** The number after the last segment that counts. Before there were segments: undefined. */
  readonly segments?: number
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
  let segments = noSegments
  const place = placeOf(start)
  if (row !== undefined) {
    const { applied, index, timeMs, digest } = row
    const found = readState(rows, row, machine, place, out)
    segments = found.segments
    Object.assign(host, { store: found.store, applied, index, timeMs, digest })
  }
  eraseOthers(rows, generation, segments, out)
  return {
    place,
    host,
    generation,
    segments,
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
    stale: [],
    flushing: undefined,
  }
}

function readState(rows: Rows, row: StateRow, { tables }: StateMachine, place: Place, out: Outbox) {
  const { generation } = row
  const found = readSegments(rows, generation, row.segments ?? 0, tables)
  if (row.segments !== undefined) return found
  // Before there were segments each key had a row of its own.
  const range = keyRows(generation)
  const changes: Change[] = []
  for (const [key, value] of rows.entries(range)) {
    const name = key.slice(range.from.length)
    changes.push({ prefix: '', name, value })
    loadRow(found.store, name, value)
  }
  settleLoaded(found.store)
  const segments = append(noSegments, generation, changes, place.tuning, out)
  out.save(stateRow, { ...row, segments: segments.next } satisfies StateRow)
  return { store: found.store, segments }
}

function keyRows(generation: number): KeyRange {
  return { from: `g${generation}/`, to: `g${generation}0` }
}

/** A flush or a snapshot that was not finished, a state that one has replaced, and rows of single keys. */
function eraseOthers(rows: Rows, generation: number, { next }: Segments, out: Outbox): void {
  for (const range of [
    { from: allSegments.from, to: segmentRange(generation).from },
    { from: segmentKey(generation, next), to: allSegments.to },
    allKeyRows,
  ]) {
    for (const _ of rows.entries(range)) {
      out.erase(range)
      break
    }
  }
}

const allKeyRows: KeyRange = { from: 'g', to: 'h' }

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
