/** A session asks: the answer is recorded, under way, or the transaction starts. */
import type { Address, Request } from '@synod/runtime/protocol'
import { known } from '../exactly-once.ts'
import { firstUnfit, limits } from '../limits.ts'
import type { Share, Submit, TxKey } from '../messages.ts'
import type { Outcome } from '../operations.ts'
import { assignmentOf, type RecordRow, table, txKey } from '../rows.ts'
import { answer, askerOf, attach, echo, refusedAs, submitted } from './askers.ts'
import { ownsAll } from './ownership.ts'
import { begin } from './running.ts'
import type { Running, Turn } from './state.ts'

export function onSubmit(turn: Turn, from: Address | Request, message: Submit): void {
  const { state, seat } = turn
  const { id } = message
  const tx = txKey(id)
  const record = table.records(seat.store).get(tx)
  const before = known(seat.store, id, tx, record, message.fingerprint)
  const running = state.running.get(tx)
  if (before?.status === 'decided') submitted(turn, askerOf(from, message), id, before.outcome)
  else if (before !== undefined) submitted(turn, askerOf(from, message), id, refusedAs(before.status))
  else if (running !== undefined) join(turn, running, from, message)
  else start(turn, from, tx, record, message)
}

/** [EO1] Under way already: one more waits for the same answer. */
function join(turn: Turn, running: Running, from: Address | Request, message: Submit): void {
  const { fingerprint } = running.submit
  if (fingerprint !== undefined && message.fingerprint !== undefined && fingerprint !== message.fingerprint) {
    submitted(turn, askerOf(from, message), message.id, refusedAs('conflictingRequest'))
    return
  }
  attach(running, askerOf(from, message))
  running.deadlineMs = Math.max(running.deadlineMs, turn.state.nowMs + message.patienceMs)
}

function start(
  turn: Turn,
  from: Address | Request,
  tx: TxKey,
  record: RecordRow | undefined,
  message: Submit,
): void {
  const { state, seat } = turn
  const { group } = seat
  const unfit = unfitness(message, group)
  if (unfit !== undefined) {
    submitted(turn, askerOf(from, message), message.id, unfit)
    return
  }
  const closed = record?.closed ?? 0
  if (message.after !== undefined && message.after < closed) {
    // Sent before an attempt was closed: who asked may have been told that nothing happens.
    const outcome = { status: 'unavailable', detail: 'an earlier attempt was closed' } as const
    submitted(turn, askerOf(from, message), message.id, outcome, closed)
    return
  }
  const assignment = assignmentOf(seat.store)
  const own = message.shares[0]
  if (
    assignment?.epoch !== message.epoch ||
    own === undefined ||
    !ownsAll(assignment, group, own.operations)
  ) {
    const epoch = assignment?.epoch ?? 0
    answer(turn, from, { type: 'wrongEpoch', group, epoch, tx, ...echo(message) })
    return
  }
  // A share of it is here: then another group coordinated it, by another map.
  const elsewhere = state.shares.has(tx)
  if (elsewhere || state.running.size >= limits.running || state.queue.waiters.size >= limits.waiting) {
    answer(turn, from, { type: 'overloaded', group, tx, ...echo(message) })
    return
  }
  begin(turn, from, tx, message, record)
}

/** [TX19] Depends on the request alone. */
function unfitness({ shares }: Submit, group: string): Outcome | undefined {
  if (!areDistinct(shares, group)) {
    const detail =
      'the first share is the coordinating group, each group has one share, and there are operations'
    return { status: 'refused', reason: 'invalid', operation: 0, detail }
  }
  const unfit = firstUnfit(shares)
  return unfit === undefined ? undefined : { status: 'refused', ...unfit }
}

function areDistinct(shares: readonly Share[], group: string): boolean {
  if (shares[0]?.group !== group || shares.every(share => share.operations.length === 0)) return false
  return shares.length === 1 || new Set(shares.map(share => share.group)).size === shares.length
}
