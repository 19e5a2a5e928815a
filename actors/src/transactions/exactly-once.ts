/**
 * Exactly once (Lee and others, Implementing Linearizability at Large Scale and Low Latency, RIFL, 2015): the record
 * of an answer is written by the command that has the effect, and consulted by every command before it has one.
 *
 * A record goes when the client says that it has the answer (the session's floor passes it), or when its retention
 * ends by the group's clock. What is gone can not execute again: below the floor by the floor, otherwise by the
 * ledger of expired ids (ledger.ts).
 */
import type { ApplyContext, ReadonlyStore, ReadonlyTable, Store } from '../replicated/state-machine.ts'
import type { Decision, Retention } from './commands.ts'
import { isInLedger } from './ledger.ts'
import type { Attempt, TxKey } from './messages.ts'
import type { Outcome, TxId } from './operations.ts'
import { afterPrefix, type RecordRow, table, txId, txKey } from './rows.ts'

/**
 * How long the answer to a request without a retention of its own is kept, if its session never says that it has it.
 */
export const defaultRetentionMs = 24 * 60 * 60 * 1_000

type Known = Extract<Decision, { status: 'decided' | 'expired' | 'conflictingRequest' }>

/** [EO1, EO2] What is known of an id for good; undefined: it may still execute. */
export function known(
  store: ReadonlyStore,
  id: TxId,
  tx: TxKey,
  record: RecordRow | undefined,
  fingerprint: string | undefined,
): Known | undefined {
  return answered(record, fingerprint) ?? (isExpired(store, id, tx) ? { status: 'expired' } : undefined)
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
  /** Under what the answer is recorded, of whom, and where its floor is. */
  readonly tx: TxKey
  readonly session: string
  readonly floor: number
}

export function recorded(
  store: ReadonlyStore,
  { tx, attempt }: Attempt,
  fingerprint: string | undefined,
): Known | Extract<Decision, { status: 'closed' }> | New {
  const id = txId(tx)
  const own = txKey(id)
  const record = table.records(store).get(own)
  const before = answered(record, fingerprint)
  if (before !== undefined) return before
  const { session, sequence } = id
  const floor = floorOf(store, session)
  if (sequence < floor || isInLedger(store, own, session)) return { status: 'expired' }
  const closed = record?.closed ?? 0
  return closed >= attempt ? { status: 'closed', closed } : { status: 'new', tx: own, session, floor }
}

/** [EO3] No answer is kept any more, and it must not execute. */
export function isExpired(store: ReadonlyStore, { session, sequence }: TxId, tx: TxKey): boolean {
  return sequence < floorOf(store, session) || isInLedger(store, tx, session)
}

function floorOf(store: ReadonlyStore, session: string): number {
  return table.sessions(store).get(session)?.floor ?? 0
}

/** The final answer: with it every attempt is closed. */
export function record(
  store: Store,
  { attempt }: Attempt,
  { tx, session, floor }: New,
  { fingerprint, retainMs, firstIncomplete }: Retention,
  outcome: Outcome,
  { timeMs }: ApplyContext,
): Decision {
  const row: RecordRow = { outcome, closed: attempt, timeMs }
  table.records(store).put(
    tx,
    fingerprint === undefined && retainMs === undefined
      ? row
      : {
          ...row,
          ...(fingerprint === undefined ? {} : { fingerprint }),
          ...(retainMs === undefined ? {} : { retainUntilMs: timeMs + retainMs }),
        },
  )
  if (firstIncomplete - floor >= floorStep) raiseFloor(store, session, floor, firstIncomplete, timeMs)
  return { status: 'decided', outcome }
}

/** The floor is raised in steps, so that not every transaction writes it. */
const floorStep = 32
/** Up to here it is cheaper to try every sequence number than to search. */
const tryEach = 4_096

/** [EO4] The client has all answers below `to`. */
function raiseFloor(store: Store, session: string, from: number, to: number, timeMs: number): void {
  table.sessions(store).put(session, { floor: to, timeMs })
  const records = table.records(store)
  const forget = (tx: TxKey) => {
    const record = records.get(tx)
    if (record !== undefined && (record.retainUntilMs ?? 0) <= timeMs) records.delete(tx)
  }
  if (to - from > tryEach) for (const tx of between(records, session, from, to)) forget(tx)
  else for (let sequence = from; sequence < to; sequence++) forget(txKey({ session, sequence }))
}

function between(records: ReadonlyTable, session: string, from: number, to: number): TxKey[] {
  const found: TxKey[] = []
  const prefix = `${session}:`
  for (const [tx] of records.scan(prefix, afterPrefix(prefix))) {
    const sequence = Number(tx.slice(prefix.length))
    if (sequence >= from && sequence < to) found.push(tx)
  }
  return found
}

/** Whether retention has ended, and nothing else needs the record. */
export function mayExpire(store: ReadonlyStore, tx: TxKey, record: RecordRow, timeMs: number): boolean {
  const until = record.retainUntilMs ?? record.timeMs + defaultRetentionMs
  return until <= timeMs && !table.unfinished(store).has(tx)
}

/** How many sessions a group remembers the floors of. */
export const sessionsKept = 100_000
