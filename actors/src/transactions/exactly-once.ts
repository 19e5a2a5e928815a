/**
 * Exactly once (Lee and others, Implementing Linearizability at Large Scale and Low Latency, RIFL, 2015): the record
 * of an answer is written by the command that has the effect, and consulted by every command before it has one.
 *
 * A record goes when the client says that it has the answer (the session's floor passes it), or when its retention
 * ends by the group's clock. What is gone can not execute again: below the floor by the floor, otherwise by the
 * ledger of expired ids (ledger.ts).
 */
import type { ApplyContext, ReadonlyStore, Store } from '../replicated/state-machine.ts'
import type { Decision, Retention } from './commands.ts'
import { isInLedger } from './ledger.ts'
import type { Attempt, TxKey } from './messages.ts'
import type { Outcome } from './operations.ts'
import { afterPrefix, type RecordRow, row, rowKey, rowsOf, txId } from './rows.ts'

/** How long the answer to a request without a retention of its own is kept, if its session never says that it has it. */
export const defaultRetentionMs = 24 * 60 * 60 * 1_000

type Known = Extract<Decision, { status: 'decided' | 'expired' | 'conflictingRequest' }>

/** [EO1, EO2] What is known of an id for good; undefined: it may still execute. */
export function known(store: ReadonlyStore, tx: TxKey, fingerprint: string | undefined): Known | undefined {
  return (
    answered(row.record(store, tx), fingerprint) ?? (isExpired(store, tx) ? { status: 'expired' } : undefined)
  )
}

function answered(record: RecordRow | undefined, fingerprint: string | undefined): Known | undefined {
  if (record?.outcome === undefined) return undefined
  const other =
    record.fingerprint !== undefined && fingerprint !== undefined && record.fingerprint !== fingerprint
  return other ? { status: 'conflictingRequest' } : { status: 'decided', outcome: record.outcome }
}

/** Nothing speaks against executing this attempt. */
export interface New {
  readonly status: 'new'
  /** Its session's, for the record of the answer. */
  readonly floor: number
}

export function recorded(
  store: ReadonlyStore,
  { tx, attempt }: Attempt,
  fingerprint: string | undefined,
): Known | Extract<Decision, { status: 'closed' }> | New {
  const record = row.record(store, tx)
  const before = answered(record, fingerprint)
  if (before !== undefined) return before
  const { session, sequence } = txId(tx)
  const floor = floorOf(store, session)
  if (sequence < floor || isInLedger(store, tx, session)) return { status: 'expired' }
  const closed = record?.closed ?? 0
  return closed >= attempt ? { status: 'closed', closed } : { status: 'new', floor }
}

/** [EO3] No answer is kept any more, and it must not execute. */
export function isExpired(store: ReadonlyStore, tx: TxKey): boolean {
  const { session, sequence } = txId(tx)
  return sequence < floorOf(store, session) || isInLedger(store, tx, session)
}

function floorOf(store: ReadonlyStore, session: string): number {
  return row.session(store, session)?.floor ?? 0
}

/** The final answer: with it every attempt is closed. */
export function record(
  store: Store,
  { tx, attempt }: Attempt,
  { floor }: New,
  retention: Retention,
  outcome: Outcome,
  context: ApplyContext,
): Decision {
  const { fingerprint, retainMs, firstIncomplete } = retention
  store.put(rowKey.record(tx), {
    outcome,
    closed: attempt,
    timeMs: context.timeMs,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(retainMs === undefined ? {} : { retainUntilMs: context.timeMs + retainMs }),
  } satisfies RecordRow)
  if (firstIncomplete - floor >= floorStep) {
    raiseFloor(store, txId(tx).session, floor, firstIncomplete, context)
  }
  return { status: 'decided', outcome }
}

/** The floor is raised in steps, so that not every transaction writes it. */
const floorStep = 32
/** Up to here it is cheaper to try every sequence number than to search. */
const tryEach = 4_096

/** [EO4] The client has all answers below `firstIncomplete`. */
function raiseFloor(
  store: Store,
  session: string,
  floor: number,
  firstIncomplete: number,
  context: ApplyContext,
): void {
  store.put(rowKey.session(session), { floor: firstIncomplete, timeMs: context.timeMs })
  for (const tx of between(store, session, floor, firstIncomplete)) {
    const key = rowKey.record(tx)
    const retainUntilMs = (store.get(key) as RecordRow | undefined)?.retainUntilMs
    if (retainUntilMs === undefined || retainUntilMs <= context.timeMs) store.delete(key)
  }
}

function* between(store: ReadonlyStore, session: string, from: number, to: number): Iterable<TxKey> {
  if (to - from <= tryEach) {
    for (let sequence = from; sequence < to; sequence++) yield `${session}:${sequence}`
    return
  }
  for (const [rest] of [...rowsOf(store, rowKey.record(`${session}:`))]) {
    const sequence = Number(rest)
    if (sequence >= from && sequence < to) yield `${session}:${rest}`
  }
}

/** Whether retention has ended, and nothing else needs the record. */
export function mayExpire(store: ReadonlyStore, tx: TxKey, record: RecordRow, timeMs: number): boolean {
  const until = record.retainUntilMs ?? record.timeMs + defaultRetentionMs
  return until <= timeMs && row.unfinished(store, tx) === undefined
}

/** How many sessions a group remembers the floors of. */
export const sessionsKept = 100_000

export function countSessions(store: ReadonlyStore): number {
  let sessions = 0
  for (const _ of store.scan('s/', afterPrefix('s/'))) sessions += 1
  return sessions
}
