/** Transactions: exactly once, however often they are sent (SPEC.md, EX). */
import { assert, type NodeId } from '@synod/runtime/protocol'
import type { Share, Submitted, TxKey } from '../transactions/messages.ts'
import type { Operation, Outcome, TxId } from '../transactions/operations.ts'
import { type Asker, answer } from './asker.ts'
import { onChunkOutcome } from './bulk.ts'
import { answered, closeCall, closedUpTo, heardBy, openCall, troubleOf, waitAfter } from './calls.ts'
import { onTried } from './lookup.ts'
import type { SessionRequest, TransactAnswer } from './messages.ts'
import { closeId, leaveSession, takeId } from './own-session.ts'
import { planShares } from './plan.ts'
import { type Ask, type Call, type Context, openSubmit, type SubmitWork, takeNumber, txKey } from './state.ts'

type Transact = Extract<SessionRequest, { type: 'transact' }>

export function onTransact(context: Context, asker: Asker, request: Transact) {
  const { state } = context
  const id = request.id ?? { session: state.own.id, sequence: 0 }
  const say = (outcome: Outcome) => answer(asker, { type: 'transacted', id, outcome }, context.out)
  const shares = planOrRefuse(context, request.operations)
  if ('status' in shares) return say(shares)
  const open = request.id === undefined ? undefined : openSubmit(state, txKey(request.id))
  if (open !== undefined && !sameRequest(open.work, request)) {
    return say({ status: 'conflictingRequest', detail: 'this id is in use for another request' })
  }
  const deadlineAt = context.nowMs + request.deadlineMs
  const number = takeNumber(state)
  if (open !== undefined) {
    state.asks.set(number, { kind: 'transact', number, asker, deadlineAt, id })
    open.work.asks.push(number)
    open.call.deadlineAt = Math.max(open.call.deadlineAt, deadlineAt)
    return
  }
  const work = submit(context, [number], request.operations, shares, request)
  state.asks.set(number, { kind: 'transact', number, asker, deadlineAt, id: work.id })
}

/** Opens the call of a planned transaction. Without an id it gets one of this session's own. */
export function submit(
  context: Context,
  asks: number[],
  operations: readonly Operation[],
  shares: readonly Share[],
  request: Pick<Transact, 'id' | 'firstIncomplete' | 'fingerprint' | 'retainMs' | 'deadlineMs'>,
): SubmitWork {
  const { state } = context
  const coordinator = shares[0]
  assert(coordinator !== undefined, 'a planned transaction has a coordinating group')
  const taken =
    request.id === undefined
      ? takeId(state.own)
      : { id: request.id, firstIncomplete: request.firstIncomplete ?? 0 }
  const work: SubmitWork = {
    kind: 'submit',
    id: taken.id,
    tx: txKey(taken.id),
    firstIncomplete: taken.firstIncomplete,
    operations,
    shares,
    fingerprint: request.fingerprint,
    retainMs: request.retainMs,
    asks,
    after: 0,
    unsettled: [],
  }
  const call = openCall(context, work, coordinator.group, context.nowMs + request.deadlineMs)
  state.submits.set(work.tx, call.number)
  return work
}

/** Refuses what no group needs to be asked about. */
function planOrRefuse(context: Context, operations: readonly Operation[]): readonly Share[] | Outcome {
  const { map, limits } = context.state
  if (operations.length === 0) {
    return { status: 'refused', reason: 'invalid', operation: 0, detail: 'a transaction has operations' }
  }
  if (operations.length > limits.operations) {
    const detail = `${operations.length} operations; at most ${limits.operations} fit in one transaction`
    return { status: 'refused', reason: 'tooLarge', operation: limits.operations, detail }
  }
  const shares = planShares(map, operations)
  if (!('misplaced' in shares)) return shares
  return { status: 'refused', reason: 'invalid', operation: shares.misplaced, detail: shares.detail }
}

function sameRequest(work: SubmitWork, request: Transact): boolean {
  if (work.fingerprint !== undefined || request.fingerprint !== undefined) {
    return work.fingerprint === request.fingerprint
  }
  return JSON.stringify(work.operations) === JSON.stringify(request.operations)
}

/** Only what is final, or what certainly ended without an effect, goes to the asker. */
export function onSubmitted(context: Context, from: NodeId, tx: TxKey, message: Submitted) {
  const open = openSubmit(context.state, tx)
  if (open === undefined) return
  const { call, work } = open
  const { outcome } = message
  if (outcome.status === 'unknown') return heardBy(context, call, from)
  if (outcome.status !== 'unavailable' && outcome.status !== 'overloaded') {
    answered(context, call, from)
    return finishSubmit(context, call, work, outcome)
  }
  heardBy(context, call, from)
  if (!closedUpTo(call, message.closed)) return
  waitAfter(context, call, outcome.detail, outcome.status)
}

export function finishSubmit(context: Context, call: Call, work: SubmitWork, outcome: Outcome): void {
  const { state } = context
  closeCall(context, call)
  if (outcome.status === 'unknown') state.own = leaveSession(state.own, work.id)
  else closeId(state.own, work.id)
  for (const number of work.asks) {
    const ask = state.asks.get(number)
    if (ask !== undefined) onOutcome(context, ask, call.group, work.id, outcome)
  }
}

function onOutcome(context: Context, ask: Ask, group: string, id: TxId, outcome: Outcome) {
  if (ask.kind === 'bulk') return onChunkOutcome(context, ask, group, outcome)
  if (ask.kind === 'lookup') return onTried(context, ask, outcome)
  context.state.asks.delete(ask.number)
  const result: TransactAnswer = { type: 'transacted', id, outcome }
  answer(ask.asker, result, context.out)
}

/** The outcome of a transaction whose time is over: definite when nothing that was sent can run any more. */
export function outcomeAtDeadline(call: Call, work: SubmitWork): Outcome {
  if (work.unsettled.length === 0) return troubleOf(call)
  return { status: 'unknown', detail: `the answer of ${call.group} did not arrive in time` }
}

/** One asker's time is over; the transaction goes on while another one waits. */
export function onTransactDeadline(context: Context, ask: Ask & { readonly id: TxId }) {
  const open = openSubmit(context.state, txKey(ask.id))
  if (open === undefined) return
  const { call, work } = open
  const outcome = outcomeAtDeadline(call, work)
  // Who only looks it up does not keep it going.
  const others = work.asks.filter(
    number => number !== ask.number && context.state.asks.get(number)?.kind === 'transact',
  )
  if (others.length === 0) return finishSubmit(context, call, work, outcome)
  work.asks.splice(work.asks.indexOf(ask.number), 1)
  // It may still be sent for the others, so nothing definite can be said to this one.
  const unknown: Outcome = { status: 'unknown', detail: 'the transaction is still being tried' }
  onOutcome(context, ask, call.group, work.id, unknown)
}
