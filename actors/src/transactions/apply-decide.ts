/**
 * `decide`, `execute`, `refuse`, `abort`: the coordinating group's log, in which the first decision wins. `execute`
 * decides for a transaction whose keys all lie in this group.
 */
import type { ApplyContext, Store } from '../replicated/state-machine.ts'
import { applyWrites, type Measures } from './changes.ts'
import type { Abort, AbortResult, Decide, Decision, Execute, NumberedResult, Refuse } from './commands.ts'
import { evaluate } from './evaluate.ts'
import { isExpired, record, recorded } from './exactly-once.ts'
import type { Attempt } from './messages.ts'
import type { OperationResult } from './operations.ts'
import { isLocked } from './prepared-locks.ts'
import { assignmentOf, ownText, type RecordRow, table, txId } from './rows.ts'
import { workOf } from './work.ts'

const noVotes: Decide['votes'] = []

/**
 * [TX1, TX4, TX5] Commits when the own share is possible now: applied, recorded, and what participants owe, in one
 * command.
 */
export function applyDecide(
  store: Store,
  command: Decide | Execute,
  context: ApplyContext,
  measures: Measures,
): Decision {
  const before = recorded(store, command, command.fingerprint)
  if (before.status !== 'new') return before
  if (assignmentOf(store)?.epoch !== command.epoch) return { status: 'wrongEpoch' }
  const work = workOf(command.operations)
  if (isLocked(store, work)) return { status: 'locked' }
  const version = context.index
  const own = evaluate(store, work, { version, decides: true })
  if (own.verdict === 'wait') return { status: 'locked' }
  if (own.verdict === 'refused') {
    const { reason, operation, detail } = own
    return record(store, command, before, command, { status: 'refused', reason, operation, detail }, context)
  }
  if (command.type === 'decide' && command.probe === true) return { status: 'possible' }
  applyWrites(store, work.steps, { locked: version, added: version }, measures)
  const { tx } = before
  const { attempt } = command
  const votes = command.type === 'decide' ? command.votes : noVotes
  if (votes.length > 0) {
    const owing = Object.fromEntries(votes.map(vote => [vote.group, vote.prepared]))
    table.unfinished(store).put(tx, { attempt, owing })
  }
  const results = inOrder(own.results, votes)
  return record(store, command, before, command, { status: 'committed', results }, context)
}

/** In the order of the operations. A single one, as most are, is in order. */
function inOrder(own: readonly NumberedResult[], votes: Decide['votes']): OperationResult[] {
  const [first] = own
  if (first !== undefined && own.length === 1 && votes.length === 0) return [first.result]
  const all = own.concat(...votes.map(vote => vote.results))
  return all.sort((a, b) => a.index - b.index).map(({ result }) => result)
}

/** [TX4] */
export function applyRefuse(store: Store, command: Refuse, context: ApplyContext): Decision {
  const before = recorded(store, command, command.fingerprint)
  if (before.status !== 'new') return before
  return record(store, command, before, command, { status: 'refused', ...command.refused }, context)
}

/** [TX4, TX9] Closes each attempt that is not decided. */
export function applyAbort(store: Store, command: Abort, context: ApplyContext): AbortResult {
  const closed: Attempt[] = []
  const decided: string[] = []
  for (const { tx: told, attempt, age } of command.attempts) {
    const tx = ownText(told)
    const before = table.records(store).get(tx)
    // The record may be forgotten before all participants have finished.
    if (before?.outcome !== undefined || table.unfinished(store).has(tx)) decided.push(tx)
    else if (isExpired(store, txId(tx), tx)) closed.push({ tx, attempt })
    else {
      const last = Math.max(attempt, before?.closed ?? 0)
      const kept = before?.age ?? age
      const closing: RecordRow = { closed: last, timeMs: context.timeMs }
      table.records(store).put(tx, kept === undefined ? closing : { ...closing, age: kept })
      closed.push({ tx, attempt: last })
    }
  }
  return { closed, decided }
}
