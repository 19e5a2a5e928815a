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
  return knownFrom(store, tx, row.record(store, tx), fingerprint)
}

function knownFrom(
  store: ReadonlyStore,
  tx: TxKey,
  record: RecordRow | undefined,
  fingerprint: string | undefined,
): Known | undefined {
  if (record?.outcome !== undefined) {
    const other =
      record.fingerprint !== undefined && fingerprint !== undefined && record.fingerprint !== fingerprint
    return other ? { status: 'conflictingRequest' } : { status: 'decided', outcome: record.outcome }
  }
  return isExpired(store, tx) ? { status: 'expired' } : undefined
}

/** Undefined: nothing speaks against executing this attempt. */
export function recorded(
  store: ReadonlyStore,
  { tx, attempt }: Attempt,
  fingerprint: string | undefined,
): Known | Extract<Decision, { status: 'closed' }> | undefined {
  const record = row.record(store, tx)
  const closed = record?.closed ?? 0
  return (
    knownFrom(store, tx, record, fingerprint) ??
    (closed >= attempt ? { status: 'closed', closed } : undefined)
  )
}

/** [EO3] No answer is kept any more, and it must not execute. */
export function isExpired(store: ReadonlyStore, tx: TxKey): boolean {
  const { session, sequence } = txId(tx)
  const floor = row.session(store, session)?.floor ?? 0
  return sequence < floor || isInLedger(store, tx, session)
}

/** The final answer: with it every attempt is closed. */
export function record(
  store: Store,
  { tx, attempt }: Attempt,
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
  raiseFloor(store, txId(tx).session, firstIncomplete, context)
  return { status: 'decided', outcome }
}

/** The floor is raised in steps, so that not every transaction writes it. */
const floorStep = 32
/** Up to here it is cheaper to try every sequence number than to search. */
const tryEach = 4_096

/** [EO4] The client has all answers below `firstIncomplete`. */
function raiseFloor(store: Store, session: string, firstIncomplete: number, context: ApplyContext): void {
  const floor = row.session(store, session)?.floor ?? 0
  if (firstIncomplete - floor < floorStep) return
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
