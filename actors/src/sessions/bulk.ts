/** Bulks: chunks of one group each, every one a transaction of its own, a few of them in flight per group. */
import type { Operation, Outcome } from '../transactions/operations.ts'
import { type Asker, answer } from './asker.ts'
import { closeCall } from './calls.ts'
import type { BulkAnswer, SessionRequest } from './messages.ts'
import { closeId, leaveSession } from './own-session.ts'
import { planChunks, planShares } from './plan.ts'
import { type BulkAsk, type Context, takeNumber } from './state.ts'
import { outcomeAtDeadline, submit } from './transact.ts'

export function onBulk(context: Context, asker: Asker, request: Extract<SessionRequest, { type: 'bulk' }>) {
  const { state } = context
  const chunks = planChunks(state.map, request.operations, state.limits.chunk)
  if ('misplaced' in chunks) return say(context, asker, 'refused', chunks.detail)
  let left = 0
  for (const list of chunks.values()) {
    list.reverse()
    left += list.length
  }
  if (left === 0) return say(context, asker, 'ok', 'nothing to do')
  const number = takeNumber(state)
  const deadlineAt = context.nowMs + request.deadlineMs
  const ask: BulkAsk = { kind: 'bulk', number, asker, deadlineAt, waiting: chunks, left }
  state.asks.set(number, ask)
  for (const group of chunks.keys()) {
    for (let sent = 0; sent < state.limits.window; sent++) sendChunk(context, ask, group)
  }
}

function sendChunk(context: Context, ask: BulkAsk, group: string) {
  const operations: readonly Operation[] | undefined = ask.waiting.get(group)?.pop()
  if (operations === undefined) return
  const shares = planShares(context.state.map, operations)
  if ('misplaced' in shares) return endBulk(context, ask, 'refused', shares.detail)
  submit(context, [ask.number], operations, shares, { deadlineMs: ask.deadlineAt - context.nowMs })
}

export function onChunkOutcome(context: Context, ask: BulkAsk, group: string, outcome: Outcome) {
  if (outcome.status !== 'committed') {
    const status =
      outcome.status === 'refused' || outcome.status === 'overloaded' ? outcome.status : 'unavailable'
    return endBulk(context, ask, status, outcome.detail)
  }
  ask.left -= 1
  if (ask.left === 0) return endBulk(context, ask, 'ok', 'done')
  sendChunk(context, ask, group)
}

export function onBulkDeadline(context: Context, ask: BulkAsk): void {
  endBulk(context, ask, 'unavailable', `${ask.left} chunks were not done in time; it is safe to repeat`)
}

/** Chunks still in flight are let go: they may or may not happen, which repeating makes good. */
function endBulk(context: Context, ask: BulkAsk, status: BulkAnswer['status'], detail: string): void {
  const { state } = context
  state.asks.delete(ask.number)
  for (const call of state.calls.values()) {
    if (call.work.kind !== 'submit' || !call.work.asks.includes(ask.number)) continue
    closeCall(context, call)
    if (outcomeAtDeadline(call, call.work).status === 'unknown') {
      state.own = leaveSession(state.own, call.work.id)
    } else closeId(state.own, call.work.id)
  }
  const result: BulkAnswer = { type: 'bulkDone', status, detail, begun: true }
  answer(ask.asker, result, context.out)
}

function say(context: Context, asker: Asker, status: BulkAnswer['status'], detail: string): void {
  const result: BulkAnswer = { type: 'bulkDone', status, detail }
  answer(asker, result, context.out)
}
