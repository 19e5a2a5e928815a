/** `forget`: what nobody needs any more. Whoever proposes it names candidates; the store and the clock decide. */
import type { ApplyContext, Store } from '../replicated/state-machine.ts'
import type { AssignShards, Forget, ForgetResult } from './commands.ts'
import { defaultRetentionMs, isExpired, mayExpire } from './exactly-once.ts'
import { enterLedger } from './ledger.ts'
import { row, rowKey, type UnfinishedRow } from './rows.ts'

/** After that a late copy of an aborted prepare is prepared again, asks its coordinator, and is aborted again. */
export const tombstoneMs = 60_000

export function applyForget(store: Store, command: Forget, context: ApplyContext): ForgetResult {
  for (const { tx, attempt, group } of command.finished) {
    const unfinished = row.unfinished(store, tx)
    if (unfinished?.attempt === attempt) paid(store, tx, unfinished, group)
  }
  let forgotten = 0
  for (const tx of command.records) {
    const record = row.record(store, tx)
    if (record === undefined || !mayExpire(store, tx, record, context.timeMs)) continue
    store.delete(rowKey.record(tx))
    if (!isExpired(store, tx)) enterLedger(store, tx)
    forgotten += 1
  }
  for (const tx of command.tombstones) {
    const tombstone = row.tombstone(store, tx)
    if (tombstone !== undefined && tombstone.timeMs + tombstoneMs <= context.timeMs) {
      store.delete(rowKey.tombstone(tx))
      forgotten += 1
    }
  }
  for (const session of command.sessions) forgotten += closeSession(store, session, context)
  return { forgotten }
}

/** [TX8] */
function paid(store: Store, tx: string, unfinished: UnfinishedRow, group: string): void {
  const { [group]: _, ...owing } = unfinished.owing
  if (Object.keys(owing).length === 0) store.delete(rowKey.unfinished(tx))
  else store.put(rowKey.unfinished(tx), { ...unfinished, owing })
}

function closeSession(store: Store, session: string, context: ApplyContext): number {
  const known = row.session(store, session)
  if (known === undefined || known.timeMs + defaultRetentionMs > context.timeMs) return 0
  store.delete(rowKey.session(session))
  enterLedger(store, session)
  return 1
}

/** [TX11] */
export function applyAssign(store: Store, command: AssignShards): null {
  const { assignment } = command
  if (assignment.epoch > (row.assignment(store)?.epoch ?? 0)) store.put(rowKey.assignment, assignment)
  return null
}
