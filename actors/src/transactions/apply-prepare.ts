/** `prepare` and `finish`: a participant's share, locked and reserved until its coordinator has decided. */
import { assert } from '@synod/runtime/protocol'
import type { LockRequest } from '../concurrency/lock-modes.ts'
import type { ApplyContext, Store } from '../replicated/state-machine.ts'
import { applyWrites, type Measures } from './changes.ts'
import type { FinishShares, PrepareResult, PrepareShare } from './commands.ts'
import { evaluate } from './evaluate.ts'
import type { Attempt, Commitment } from './messages.ts'
import { isLocked, lockRows, requestOf, unlockRows } from './prepared-locks.ts'
import { type PreparedRow, row, rowKey, type TombstoneRow } from './rows.ts'

/** [TX2, TX3] */
export function applyPrepare(store: Store, command: PrepareShare, context: ApplyContext): PrepareResult {
  const { tx, attempt } = command
  const key = rowKey.prepared(tx)
  const before = store.get(key) as PreparedRow | undefined
  if (before?.attempt === attempt) return { vote: 'yes', prepared: before.prepared, results: before.results }
  if (isClosedHere(store, command, before)) return { vote: 'retry', why: 'wounded' }
  // A later attempt starts only after all earlier ones were closed in the coordinator's log.
  if (before !== undefined) releaseShare(store, before, requestOf(before.operations))
  if (row.assignment(store)?.epoch !== command.epoch) return { vote: 'retry', why: 'wrongEpoch' }
  const request = requestOf(command.operations)
  if (isLocked(store, request)) return { vote: 'locked' }
  const circumstances = { version: context.index, decides: false }
  const evaluation = evaluate(store, command.operations, circumstances, request)
  if (evaluation.verdict === 'wait') return { vote: 'locked' }
  if (evaluation.verdict === 'refused') {
    const { reason, operation, detail } = evaluation
    return { vote: 'no', reason, operation, detail }
  }
  const { age, coordinator, participants, operations } = command
  const { results } = evaluation
  const prepared = context.index
  const { timeMs } = context
  const share = { tx, attempt, age, coordinator, participants, operations, results, prepared, timeMs }
  store.put(key, share satisfies PreparedRow)
  lockRows(store, tx, operations, request)
  return { vote: 'yes', prepared, results }
}

/** [TX7] No vote for an attempt that is known to be closed. */
function isClosedHere(store: Store, { tx, attempt }: Attempt, before: PreparedRow | undefined): boolean {
  return (before?.attempt ?? 0) > attempt || (row.tombstone(store, tx)?.attempt ?? 0) >= attempt
}

function releaseShare(store: Store, share: PreparedRow, request: LockRequest): void {
  unlockRows(store, share.tx, share.operations, request)
  store.delete(rowKey.prepared(share.tx))
}

/** [TX7] Any number of commits and aborts; each may have been applied before. */
export function applyFinish(
  store: Store,
  command: FinishShares,
  context: ApplyContext,
  measures: Measures,
): null {
  for (const commitment of command.commit) commitShare(store, commitment, context, measures)
  for (const attempt of command.abort) abortShare(store, attempt, context)
  return null
}

function commitShare(
  store: Store,
  { tx, attempt, prepared }: Commitment,
  context: ApplyContext,
  measures: Measures,
): void {
  const share = row.prepared(store, tx)
  // Nothing prepared: it was committed before. The coordinator decides only on votes for prepares that are replicated.
  if (share === undefined) return
  const request = requestOf(share.operations)
  releaseShare(store, share, request)
  // Another prepare than the committed one is a late copy of its message: one transaction commits once, so it never will.
  if (share.attempt !== attempt || share.prepared !== prepared) return
  assert(context.index > prepared, 'a commit comes after its prepare')
  const versions = { locked: prepared, added: context.index }
  applyWrites(store, share.operations, request, versions, measures)
}

function abortShare(store: Store, { tx, attempt }: Attempt, context: ApplyContext): void {
  const share = row.prepared(store, tx)
  if (share !== undefined) {
    if (share.attempt > attempt) return
    releaseShare(store, share, requestOf(share.operations))
  }
  const tombstone = row.tombstone(store, tx)
  if (tombstone !== undefined && tombstone.attempt >= attempt) return
  store.put(rowKey.tombstone(tx), { attempt, timeMs: context.timeMs } satisfies TombstoneRow)
}
