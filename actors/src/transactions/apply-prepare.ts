/** `prepare` and `finish`: a participant's share, locked and reserved until its coordinator has decided. */
import { assert } from '@synod/runtime/protocol'
import type { ApplyContext, Store } from '../replicated/state-machine.ts'
import { applyWrites, type Measures } from './changes.ts'
import type { FinishShares, PrepareResult, PrepareShare } from './commands.ts'
import { evaluate } from './evaluate.ts'
import type { Attempt, Commitment, Numbered } from './messages.ts'
import { isLocked, lockRows, unlockRows } from './prepared-locks.ts'
import { assignmentOf, ownText, type PreparedRow, table } from './rows.ts'
import { type Work, workOf } from './work.ts'

/**
 * [TX2, TX23] A share of another coordinator, or of another plan under this attempt, is neither voted for nor let go
 * here: the one only its coordinator knows about, the other goes when the attempt is closed.
 */
const tryAgain: PrepareResult = { vote: 'retry', why: 'wounded' }

/** [TX2, TX3] */
export function applyPrepare(store: Store, command: PrepareShare, context: ApplyContext): PrepareResult {
  const { attempt } = command
  const tx = ownText(command.tx)
  const before = table.prepared(store).get(tx)
  if (before !== undefined && before.coordinator !== command.coordinator) return tryAgain
  if (before?.attempt === attempt) {
    if (!sameOperations(before.operations, command.operations)) return tryAgain
    return { vote: 'yes', prepared: before.prepared, results: before.results }
  }
  if (isClosedHere(store, command, before)) return { vote: 'retry', why: 'wounded' }
  // A later attempt starts only after all earlier ones were closed in the coordinator's log.
  if (before !== undefined) releaseShare(store, before, workOf(before.operations))
  if (assignmentOf(store)?.epoch !== command.epoch) return { vote: 'retry', why: 'wrongEpoch' }
  const work = workOf(command.operations)
  if (isLocked(store, work)) return { vote: 'locked' }
  const evaluation = evaluate(store, work, { version: context.index, decides: false })
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
  table.prepared(store).put(tx, share)
  lockRows(store, tx, work)
  return { vote: 'yes', prepared, results }
}

/**
 * Whoever asks again under an id may have planned anew, from what is there now; where the leader that coordinated the
 * first plan is gone, and closed nothing, the next one counts the same attempt.
 */
export function sameOperations(a: readonly Numbered[], b: readonly Numbered[]): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/** [TX7] No vote for an attempt that is known to be closed. */
function isClosedHere(store: Store, { tx, attempt }: Attempt, before: PreparedRow | undefined): boolean {
  return (before?.attempt ?? 0) > attempt || (table.tombstones(store).get(tx)?.attempt ?? 0) >= attempt
}

function releaseShare(store: Store, { tx }: PreparedRow, work: Work): void {
  unlockRows(store, tx, work)
  table.prepared(store).delete(tx)
}

/** [TX7] Any number of commits and aborts; each may have been applied before. */
export function applyFinish(
  store: Store,
  command: FinishShares,
  context: ApplyContext,
  measures: Measures,
): null {
  const { coordinator } = command
  for (const commitment of command.commit) commitShare(store, coordinator, commitment, context, measures)
  for (const attempt of command.abort) abortShare(store, coordinator, attempt, context)
  return null
}

function commitShare(
  store: Store,
  coordinator: string,
  { tx, attempt, prepared }: Commitment,
  context: ApplyContext,
  measures: Measures,
): void {
  const share = table.prepared(store).get(tx)
  // Nothing prepared: it was committed before. The coordinator decides only on votes for prepares that are replicated.
  if (share === undefined || share.coordinator !== coordinator) return
  const work = workOf(share.operations)
  releaseShare(store, share, work)
  // Another prepare than the committed one is a late copy of its message: one transaction commits once, so it never
  // will.
  if (share.attempt !== attempt || share.prepared !== prepared) return
  assert(context.index > prepared, 'a commit comes after its prepare')
  const versions = { locked: prepared, added: context.index }
  applyWrites(store, work.steps, versions, measures)
}

function abortShare(
  store: Store,
  coordinator: string,
  { tx, attempt }: Attempt,
  context: ApplyContext,
): void {
  const share = table.prepared(store).get(tx)
  const ours = share?.coordinator === coordinator
  // A later attempt stays; the tombstone is needed all the same, for when that one has committed and is gone.
  if (ours && share.attempt <= attempt) releaseShare(store, share, workOf(share.operations))
  const tombstones = table.tombstones(store)
  if ((tombstones.get(tx)?.attempt ?? 0) >= attempt) return
  tombstones.put(ownText(tx), { attempt, timeMs: context.timeMs })
}
