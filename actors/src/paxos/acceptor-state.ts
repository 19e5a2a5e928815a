/**
 * What an acceptor remembers, and its rows: the memory of the protocol. A row per slot holds the accepted value; the
 * learner beside it keeps no copy of the log.
 */
import { assert, type NodeId, type Outbox, type Rows, SlabMap, type Start } from '@synod/runtime/protocol'
import { type Ballot, compareBallots, noBallot, type Pvalue } from './ballot.ts'
import { type PaxosConfig, type Place, placeOf } from './config.ts'
import type { AcceptorMessage, LearnerMessage, Lives, ProposerMessage, Vote } from './messages.ts'

export interface Entry {
  readonly ballot: Ballot
  readonly value: Uint8Array
}

export interface AcceptorState {
  readonly place: Place

  // Durable.
  promise: Ballot
  /** Accepted values, by slot, above `base`. */
  readonly log: Map<number, Entry>
  /** Slots up to here are chosen, applied and flushed by the learner beside, and erased. */
  base: number
  /** Lives of members that lost their memory and recovered with our help (rule PX22). */
  lives: Lives
  /** False in an acceptor without memory until it has recovered: it does not vote (amnesia rule). */
  votes: boolean

  // Volatile.
  /**
   * Every slot up to here is known to be chosen, and if it is above `base`, the log holds the chosen value. Rows
   * remember it late.
   */
  vouched: number
  /** Highest slot in the log, or `base`. */
  top: number
  logBytes: number
  /** The latest claim of a leader: slots up to `chosen` are chosen. */
  claim: { readonly ballot: Ballot; readonly chosen: number }
  /** Who sent the last valid message of a leader or scout, and when. */
  leader: NodeId | undefined
  heardMs: number
  /** Last slot handed to the learner; undefined while it has to ask. */
  handed: number | undefined
  /** Chosen slots that are missing here, and who is said to have them. */
  catchUp: CatchUp | undefined
  recovery: Recovery | undefined
}

export interface CatchUp {
  readonly slot: number
  readonly node: NodeId | undefined
  readonly tries: number
  /** How far we could vouch when the timer was set. */
  readonly vouched: number
}

/** The amnesia rule at work: what the others have told under this nonce. */
export interface Recovery {
  readonly nonce: string
  readonly answers: Map<NodeId, Answer>
  readonly union: Map<number, Entry>
}
export interface Answer {
  /** Where to go on; undefined when the answer is complete. */
  next: number | undefined
  base: number
  promise: Ballot
  lives: Lives
}

export function startAcceptor(start: Start<PaxosConfig>, rows: Rows): AcceptorState {
  const place = placeOf(start)
  const [base, vouched] = (rows.get('base') as readonly [number, number] | undefined) ?? [0, 0]
  const promise = rows.get('promise') as readonly [number, string] | undefined
  const used = promise !== undefined || base > 0
  const state: AcceptorState = {
    place,
    promise: promise === undefined ? noBallot : { round: promise[0], by: promise[1] },
    log: new SlabMap(),
    base,
    lives: (rows.get('lives') as Lives | undefined) ?? {},
    votes: !start.amnesiac || rows.get('recovered') === start.incarnation,
    vouched,
    top: base,
    logBytes: 0,
    claim: { ballot: noBallot, chosen: 0 },
    leader: undefined,
    heardMs: used && place.others.length > 0 ? start.now.monotonicMs : Number.NEGATIVE_INFINITY,
    handed: undefined,
    catchUp: undefined,
    recovery: undefined,
  }
  for (const [key, row] of rows.entries(allSlots)) readSlot(state, key, row)
  return state
}

type SlotRow = readonly [round: number, by: string, value: Uint8Array, vouched: number]

function readSlot(state: AcceptorState, key: string, row: unknown): void {
  const [round, by, value, vouched] = row as SlotRow
  remember(state, Number(key.slice(slotPrefix.length)), { ballot: { round, by }, value })
  state.vouched = Math.max(state.vouched, vouched)
}

const slotPrefix = 'slot/'
const allSlots = { from: slotPrefix, to: 'slot0' }

export function slotKey(slot: number): string {
  return slotPrefix + String(slot).padStart(14, '0')
}

/** Into memory only. */
export function remember(state: AcceptorState, slot: number, { ballot, value }: Entry): void {
  state.logBytes += value.length - (state.log.get(slot)?.value.length ?? 0)
  state.log.set(slot, { ballot, value: withoutFrame(value) })
  if (slot > state.top) state.top = slot
}

/**
 * A value is a part of the frame or row that it came in, or of the encoder's buffer, and would keep all of that (PX24).
 * A host may hand over a kind of bytes of its own whose `slice` does not copy, as Node does.
 */
function withoutFrame(value: Uint8Array): Uint8Array {
  return value.buffer.byteLength > 2 * value.byteLength ? Uint8Array.prototype.slice.call(value) : value
}

/** Into memory and rows. The row also carries how far we vouch: it costs nothing, and a restart replays from it. */
export function store(state: AcceptorState, slot: number, entry: Entry, out: Outbox): void {
  remember(state, slot, entry)
  const row: SlotRow = [entry.ballot.round, entry.ballot.by, entry.value, state.vouched]
  out.save(slotKey(slot), row)
}

/** Drops the log up to `base`, in memory and rows. */
export function dropTo(state: AcceptorState, base: number, out: Outbox): void {
  assert(base <= state.vouched, 'only chosen slots are compacted')
  const before = state.base
  if (base > before && state.log.size > 0) {
    for (let slot = before + 1; slot <= Math.min(base, state.top); slot++) {
      state.logBytes -= state.log.get(slot)?.value.length ?? 0
      state.log.delete(slot)
    }
    out.erase({ from: slotKey(before + 1), to: slotKey(base + 1) })
  }
  state.base = Math.max(before, base)
  state.top = Math.max(state.top, state.base)
  out.save('base', [state.base, state.vouched])
}

/** Promises never go back. */
export function raisePromise(state: AcceptorState, ballot: Ballot, out: Outbox): void {
  if (compareBallots(ballot, state.promise) <= 0) return
  state.promise = ballot
  out.save('promise', [ballot.round, ballot.by])
}

/** Accepted values from `from` on, up to `to`, as many as fit one message; `next` when there are more. */
export function pvaluesBetween(
  state: AcceptorState,
  from: number,
  to: number,
): { pvalues: Pvalue[]; next?: number } {
  const { chunkSlots, chunkBytes } = state.place.tuning
  const pvalues: Pvalue[] = []
  let bytes = 0
  for (let slot = Math.max(from, state.base + 1); slot <= Math.min(to, state.top); slot++) {
    const entry = state.log.get(slot)
    if (entry === undefined) continue
    if (pvalues.length === chunkSlots || (pvalues.length > 0 && bytes + entry.value.length > chunkBytes)) {
      return { pvalues, next: slot }
    }
    pvalues.push({ slot, ...entry })
    bytes += entry.value.length
  }
  return { pvalues }
}

export function voteOf(state: AcceptorState): Vote {
  const { incarnation } = state.place
  for (const _ in state.lives) return { incarnation, lives: state.lives }
  return { incarnation }
}

export function toProposer(state: AcceptorState, message: ProposerMessage, out: Outbox): void {
  out.send(state.place.own.proposer, message)
}

export function toLearner(state: AcceptorState, message: LearnerMessage, out: Outbox): void {
  out.send(state.place.own.learner, message)
}

export function toOtherAcceptors(state: AcceptorState, message: AcceptorMessage, out: Outbox): void {
  for (const other of state.place.others) out.send(other.acceptor, message)
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false
  return true
}
