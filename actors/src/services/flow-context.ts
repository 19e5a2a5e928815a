/** What each step of a flow works with, and how it closes: with a question to the session, or with the answer. */
import type { Outbox } from '@synod/runtime/protocol'
import { answer } from '../sessions/asker.ts'
import type { SessionRequest } from '../sessions/messages.ts'
import type { Operation, OperationResult, Outcome } from '../transactions/operations.ts'
import { anchorKey } from './anchor.ts'
import type { Logic } from './logic.ts'
import type { Asking, ServiceAnswer } from './messages.ts'
import { type Flow, type Phase, roundId, type ServiceState } from './state.ts'

export interface Context<Request extends Asking> {
  readonly state: ServiceState<Request>
  readonly logic: Logic<Request>
  readonly nowMs: number
  readonly out: Outbox
}

export function left<Request extends Asking>(context: Context<Request>, flow: Flow<Request>): number {
  return Math.max(0, flow.deadlineAt - context.nowMs)
}

export function ask<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  phase: Phase,
  request: SessionRequest,
): void {
  const { state, out } = context
  const tag = state.nextTag
  state.nextTag += 1
  state.waiting.set(tag, flow.number)
  flow.phase = phase
  out.send(state.session, { ...request, tag: state.firstTag + tag })
}

/** Under the id of its round, where the request has one. */
export function transact<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  phase: Phase,
  operations: readonly Operation[],
): void {
  const { id, fingerprint, retainMs } = flow.request
  ask(context, flow, phase, {
    type: 'transact',
    operations,
    ...(id === undefined ? {} : { id: roundId(id, flow.round) }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(retainMs === undefined ? {} : { retainMs }),
    deadlineMs: left(context, flow),
  })
}

export function finish<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  result: ServiceAnswer,
): void {
  context.state.flows.delete(flow.number)
  answer(flow.asker, result, context.out)
}

export function committed<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  results: readonly OperationResult[],
): ServiceAnswer {
  return { status: 'ok', body: context.logic.done(flow.request, results.at(-1), flow.unique) }
}

export function ended<Request extends Asking>(
  flow: Flow<Request>,
  outcome: Exclude<Outcome, { status: 'committed' | 'refused' }>,
  transaction?: Extract<ServiceAnswer, { transaction?: unknown }>['transaction'],
): ServiceAnswer {
  const { status, detail } = outcome
  const { id } = flow.request
  const known = transaction ?? (id && { id: roundId(id, flow.round), ...anchorKey(id) })
  return status === 'unknown' && known !== undefined
    ? { status, detail, transaction: known }
    : { status, detail }
}
