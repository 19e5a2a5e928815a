/** The actor around a service's logic: `<node>/orders/main` and so on. Asked by request or message, answers once. */
import {
  type ActorType,
  address,
  assert,
  type Event,
  type Json,
  SlabMap,
  type Start,
  unreachable,
} from '@synod/runtime/protocol'
import { firstNumber } from '../first-number.ts'
import { type Asker, answer } from '../sessions/asker.ts'
import type { SessionAnswer } from '../sessions/messages.ts'
import { uniqueFrom } from './anchor.ts'
import { begin, resume } from './flow.ts'
import { type Context, finish } from './flow-context.ts'
import type { Logic } from './logic.ts'
import type { Asking, ServiceAnswer } from './messages.ts'
import type { Flow, Phase, ServiceConfig, ServiceState } from './state.ts'

export type ServiceMessage<Request> = Request | SessionAnswer

const tickMs = 250
/** The session answers by the deadline; beyond this it has been restarted and never will. */
const graceMs = 500

export function service<Request extends Asking & { readonly type: string }>(
  type: string,
  logic: Logic<Request>,
): ActorType<ServiceState<Request>, ServiceMessage<Request>, ServiceConfig> {
  return {
    type,
    start: (start, _rows, out) => startState<Request>(start, out.random()),
    receive(state, event, out) {
      const context = { state, logic, nowMs: event.now.monotonicMs, out }
      onEvent(context, event)
      const needed = state.flows.size > 0
      if (needed && !state.ticking) out.setTimer('tick', tickMs)
      state.ticking = needed
    },
    check,
    describe,
  }
}

function startState<Request extends Asking>(
  start: Start<ServiceConfig>,
  random: number,
): ServiceState<Request> {
  return {
    session: address(start.node, 'session', 'main'),
    limit: start.config.flows ?? 10_000,
    flows: new SlabMap(),
    waiting: new Map(),
    uniqueBase: Math.floor(random * 2 ** 53).toString(36),
    nextNumber: 1,
    firstTag: firstNumber(random),
    nextTag: 1,
    ticking: false,
  }
}

function onEvent<Request extends Asking & { readonly type: string }>(
  context: Context<Request>,
  event: Event<ServiceMessage<Request>>,
) {
  switch (event.kind) {
    case 'timer':
      return onTick(context)
    case 'peer':
      return
    case 'request':
      if (!isAnswer(event.message))
        onRequest(context, { kind: 'request', request: event.request }, event.message)
      return
    case 'message': {
      const { from, message } = event
      if (isAnswer(message)) onAnswer(context, message)
      else
        onRequest(context, { kind: 'actor', address: from, tag: (message as { tag?: number }).tag }, message)
      return
    }
    default:
      return unreachable(event)
  }
}

function isAnswer<Request extends { readonly type: string }>(
  message: ServiceMessage<Request>,
): message is SessionAnswer {
  const { type } = message
  return type === 'transacted' || type === 'read' || type === 'scanned' || type === 'bulkDone'
}

function onRequest<Request extends Asking>(context: Context<Request>, asker: Asker, request: Request) {
  const { state, logic, out } = context
  const say = (result: ServiceAnswer) => answer(asker, result, out)
  const invalid = logic.invalid(request)
  if (invalid !== undefined) return say({ status: 'refused', code: 'badRequest', detail: invalid })
  if (state.flows.size >= state.limit) {
    return say({ status: 'overloaded', detail: `${state.limit} requests wait at this node already` })
  }
  const number = state.nextNumber
  state.nextNumber += 1
  const flow: Flow<Request> = {
    number,
    asker,
    request,
    deadlineAt: context.nowMs + request.deadlineMs,
    unique: request.id === undefined ? `${state.uniqueBase}-${number.toString(36)}` : uniqueFrom(request.id),
    round: 0,
    phase: { name: 'reading', strong: false },
  }
  state.flows.set(number, flow)
  begin(context, flow)
}

function onAnswer<Request extends Asking>(context: Context<Request>, message: SessionAnswer): void {
  const { state } = context
  if (message.tag === undefined) return
  const tag = message.tag - state.firstTag
  const flow = state.flows.get(state.waiting.get(tag) ?? 0)
  state.waiting.delete(tag)
  if (flow !== undefined) resume(context, flow, message)
}

/** Phases that are left without knowing what was done. */
const mayHaveDone: ReadonlySet<Phase['name']> = new Set(['committing', 'loading', 'marking'])

/** [SV10] Nobody waits for ever, even when the session lost what it was asked. */
function onTick<Request extends Asking>(context: Context<Request>): void {
  const { state, nowMs } = context
  state.ticking = false
  for (const flow of state.flows.values()) {
    if (flow.deadlineAt + graceMs > nowMs) continue
    const status = mayHaveDone.has(flow.phase.name) ? 'unknown' : 'unavailable'
    finish(context, flow, { status, detail: 'the session of this node did not answer' })
  }
  for (const [tag, number] of state.waiting) if (!state.flows.has(number)) state.waiting.delete(tag)
}

function check<Request extends Asking>(state: ServiceState<Request>): void {
  assert(state.flows.size <= state.limit, '[SV10] what waits is bounded')
  const awaited = new Set(state.waiting.values())
  for (const number of state.flows.keys()) {
    assert(awaited.has(number), '[SV10] every flow waits for one answer of the session')
  }
}

const shown = 50

function describe<Request extends Asking & { readonly type: string }>(state: ServiceState<Request>): Json {
  return {
    flows: state.flows.size,
    oldest: [...state.flows.values()].slice(0, shown).map(flow => ({
      flow: flow.number,
      request: flow.request.type,
      phase: flow.phase.name,
      round: flow.round,
    })),
  }
}
