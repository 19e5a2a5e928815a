/** `forget`: what nobody needs any more. Whoever proposes it names candidates; the store and the clock decide. */
import type { ApplyContext, Store } from '../replicated/state-machine.ts'
import type { AssignShards, Forget, ForgetResult } from './commands.ts'
import { defaultRetentionMs, isExpired, mayExpire } from './exactly-once.ts'
import { enterLedger } from './ledger.ts'
import { assignmentOf, rowKey, table, txId, type UnfinishedRow } from './rows.ts'

/** After that a late copy of an aborted prepare is prepared again, asks its coordinator, and is aborted again. */
export const tombstoneMs = 60_000

export function applyForget(store: Store, command: Forget, context: ApplyContext): ForgetResult {
  for (const { tx, attempt, group } of command.finished) {
    const unfinished = table.unfinished(store).get(tx)
    if (unfinished?.attempt === attempt) paid(store, tx, unfinished, group)
  }
  let forgotten = 0
  for (const tx of command.records) {
    const record = table.records(store).get(tx)
    if (record === undefined || !mayExpire(store, tx, record, context.timeMs)) continue
    table.records(store).delete(tx)
    if (!isExpired(store, txId(tx), tx)) enterLedger(store, tx)
    forgotten += 1
  }
  for (const tx of command.tombstones) {
    const tombstone = table.tombstones(store).get(tx)
    if (tombstone !== undefined && tombstone.timeMs + tombstoneMs <= context.timeMs) {
      table.tombstones(store).delete(tx)
      forgotten += 1
    }
  }
  for (const session of command.sessions) forgotten += closeSession(store, session, context)
  return { forgotten }
}

/** [TX8] */
function paid(store: Store, tx: string, unfinished: UnfinishedRow, group: string): void {
  const { [group]: _, ...owing } = unfinished.owing
  if (Object.keys(owing).length === 0) table.unfinished(store).delete(tx)
  else table.unfinished(store).put(tx, { ...unfinished, owing })
}

function closeSession(store: Store, session: string, context: ApplyContext): number {
  const known = table.sessions(store).get(session)
  if (known === undefined || known.timeMs + defaultRetentionMs > context.timeMs) return 0
  table.sessions(store).delete(session)
  enterLedger(store, session)
  return 1
}

/** [TX11] */
export function applyAssign(store: Store, command: AssignShards): null {
  const { assignment } = command
  if (assignment.epoch > (assignmentOf(store)?.epoch ?? 0)) store.put(rowKey.assignment, assignment)
  return null
}
