/** `execute`: a transaction whose keys all lie in this group, in one command. */
import type { ApplyContext, Store } from '../replicated/state-machine.ts'
import { applyWrites, type Measures } from './changes.ts'
import type { Decision, Execute } from './commands.ts'
import { evaluate } from './evaluate.ts'
import { record, recorded } from './exactly-once.ts'
import { isLocked, requestOf } from './prepared-locks.ts'
import { row } from './rows.ts'

/** [TX1] */
export function applyExecute(
  store: Store,
  command: Execute,
  context: ApplyContext,
  measures: Measures,
): Decision {
  const before = recorded(store, command, command.fingerprint)
  if (before.status !== 'new') return before
  if (row.assignment(store)?.epoch !== command.epoch) return { status: 'wrongEpoch' }
  const request = requestOf(command.operations)
  if (isLocked(store, request)) return { status: 'locked' }
  const version = context.index
  const evaluation = evaluate(store, command.operations, { version, decides: true }, request)
  if (evaluation.verdict === 'wait') return { status: 'locked' }
  if (evaluation.verdict === 'refused') {
    const { reason, operation, detail } = evaluation
    return record(store, command, before, command, { status: 'refused', reason, operation, detail }, context)
  }
  applyWrites(store, command.operations, request, { locked: version, added: version }, measures)
  const results = evaluation.results.map(({ result }) => result)
  return record(store, command, before, command, { status: 'committed', results }, context)
}
