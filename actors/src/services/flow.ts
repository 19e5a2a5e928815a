/**
 * How a request gets through, the same for all services: look up (with an id), read, decide, commit; and round again
 * when what was read has changed. A client is never refused because two transactions met (SPEC.md, SV).
 */
import type { Outbox } from '@synod/runtime/protocol'
import { answer } from '../sessions/asker.ts'
import type {
  BulkAnswer,
  ReadAnswer,
  SessionAnswer,
  SessionRequest,
  TransactAnswer,
} from '../sessions/messages.ts'
import type { Operation, OperationResult, Outcome } from '../transactions/operations.ts'
import { anchored, anchorKey } from './anchor.ts'
import type { Decision, Held, Logic } from './logic.ts'
import type { Asking, ServiceAnswer } from './messages.ts'
import { explain, explainRecorded } from './refusal.ts'
import { type Flow, type Phase, roundId, type ServiceState } from './state.ts'

export interface Context<Request extends Asking> {
  readonly state: ServiceState<Request>
  readonly logic: Logic<Request>
  readonly nowMs: number
  readonly out: Outbox
}

/** Rows of one bulk: enough to fill the windows of all groups, little enough not to hold up a turn. */
const rowsAtOnce = 3_000

export function begin<Request extends Asking>(context: Context<Request>, flow: Flow<Request>): void {
  const { request } = flow
  if (context.logic.keys(request).length === 0) decide(context, flow, [], true)
  else if (request.id === undefined) read(context, flow, !context.logic.readsFast(request))
  // Reading may refuse what was done already; the record is asked first.
  else lookUp(context, flow, undefined)
}

/** The session answered. */
export function resume<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  result: SessionAnswer,
): void {
  switch (result.type) {
    case 'transacted':
      if (flow.phase.name === 'lookingUp') onRecord(context, flow, result)
      else onTransacted(context, flow, result)
      return
    case 'read':
      onRead(context, flow, result)
      return
    case 'bulkDone':
      onBulkDone(context, flow, result)
      return
    default:
      finish(context, flow, { status: 'unavailable', detail: `unexpected ${result.type}` })
  }
}

function lookUp<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  found: ServiceAnswer | undefined,
): void {
  const { id, fingerprint } = flow.request
  if (id === undefined) return
  ask(context, flow, found === undefined ? { name: 'lookingUp' } : { name: 'lookingUp', found }, {
    type: 'lookup',
    id: roundId(id, flow.round),
    ...anchorKey(id),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    deadlineMs: left(context, flow),
  })
}

/** [SV7] The last round on record is the answer; a round that only met a change leads to the next. */
function onRecord<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  { outcome }: TransactAnswer,
) {
  if (flow.phase.name !== 'lookingUp') return
  const { found } = flow.phase
  if (outcome.status === 'committed') return finish(context, flow, committed(context, flow, outcome.results))
  if (outcome.status === 'refused') {
    flow.round += 1
    return lookUp(context, flow, explainRecorded(outcome))
  }
  if (outcome.status !== 'unavailable') return finish(context, flow, ended(flow, outcome))
  if (found !== undefined) return finish(context, flow, found)
  read(context, flow, flow.round > 0 || !context.logic.readsFast(flow.request))
}

function read<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  strong: boolean,
  phase: Phase = { name: 'reading', strong },
): void {
  const keys = context.logic.keys(flow.request)
  ask(context, flow, phase, { type: 'read', keys, fast: !strong, deadlineMs: left(context, flow) })
}

function onRead<Request extends Asking>(context: Context<Request>, flow: Flow<Request>, result: ReadAnswer) {
  const { phase } = flow
  if (result.status !== 'ok') {
    const { status, detail } = result
    const told: ServiceAnswer =
      status === 'refused' ? { status, code: 'badRequest', detail } : { status, detail }
    return finish(context, flow, told)
  }
  if (phase.name === 'verifying') {
    // Nothing changed since the decision, so the refusal holds for what is there now.
    if (sameVersions(phase.held, result.values)) return finish(context, flow, phase.refusal)
    flow.round += 1
    return decide(context, flow, result.values, true)
  }
  if (phase.name === 'reading') decide(context, flow, result.values, phase.strong)
}

function sameVersions(before: readonly Held[], now: readonly Held[]): boolean {
  return before.every((held, at) => held.version === now[at]?.version)
}

function decide<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  held: readonly Held[],
  strong: boolean,
) {
  const decision: Decision = context.logic.decide(flow.request, held, flow.unique)
  switch (decision.kind) {
    case 'answer':
      // [SV3] What a leader says without asking a quorum may be of the past: it is not told to anybody.
      if (strong) finish(context, flow, decision.answer)
      else read(context, flow, true)
      return
    case 'load':
      return load(context, flow, decision.rows, 0)
    case 'transact':
      return commit(context, flow, decision.operations, held)
  }
}

function commit<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  decided: readonly Operation[],
  held: readonly Held[],
): void {
  const { id, fingerprint, retainMs } = flow.request
  const operations = anchored(id, decided)
  ask(
    context,
    flow,
    { name: 'committing', operations, held },
    {
      type: 'transact',
      operations,
      ...(id === undefined ? {} : { id: roundId(id, flow.round) }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(retainMs === undefined ? {} : { retainMs }),
      deadlineMs: left(context, flow),
    },
  )
}

function onTransacted<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  { outcome, id }: TransactAnswer,
) {
  if (flow.phase.name !== 'committing') return
  const { operations, held } = flow.phase
  if (outcome.status === 'committed') return finish(context, flow, committed(context, flow, outcome.results))
  if (outcome.status !== 'refused') {
    const first = operations[0]
    const transaction = first && { id, keyspace: first.keyspace, key: first.key }
    return finish(context, flow, ended(flow, outcome, transaction))
  }
  const refusal = explain(outcome, operations)
  if (refusal === undefined) return goRound(context, flow)
  if (held.length === 0) return finish(context, flow, refusal)
  // [SV2] Somebody may have changed the order between the decision and the refusal: paid it with the last unit.
  read(context, flow, true, { name: 'verifying', refusal, held })
}

/** [SV2] What was read has changed: decide again, from what is there now. */
function goRound<Request extends Asking>(context: Context<Request>, flow: Flow<Request>) {
  flow.round += 1
  if (left(context, flow) > 0) return read(context, flow, true)
  finish(context, flow, { status: 'unavailable', detail: 'others kept changing it until the deadline' })
}

function committed<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  results: readonly OperationResult[],
): ServiceAnswer {
  return { status: 'ok', body: context.logic.done(flow.request, results.at(-1), flow.unique) }
}

function ended<Request extends Asking>(
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

/** [SV9] Chunk after chunk, each row put as it is drawn; not atomic, and safe to repeat. */
function load<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  rows: number,
  from: number,
) {
  if (from >= rows) return finish(context, flow, committed(context, flow, []))
  const next = Math.min(rows, from + rowsAtOnce)
  const operations: Operation[] = []
  for (let row = from; row < next; row++) {
    operations.push(...context.logic.row(flow.request, row, () => context.out.random()))
  }
  const phase = { name: 'loading', rows, next } as const
  ask(context, flow, phase, { type: 'bulk', operations, deadlineMs: left(context, flow) })
}

function onBulkDone<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  { status, detail }: BulkAnswer,
) {
  if (flow.phase.name !== 'loading') return
  if (status === 'ok') return load(context, flow, flow.phase.rows, flow.phase.next)
  if (status === 'refused') return finish(context, flow, { status, code: 'badRequest', detail })
  finish(context, flow, { status, detail })
}

function left<Request extends Asking>(context: Context<Request>, flow: Flow<Request>): number {
  return Math.max(0, flow.deadlineAt - context.nowMs)
}

function ask<Request extends Asking>(
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
  out.send(state.session, { ...request, tag })
}

export function finish<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  result: ServiceAnswer,
): void {
  context.state.flows.delete(flow.number)
  answer(flow.asker, result, context.out)
}
