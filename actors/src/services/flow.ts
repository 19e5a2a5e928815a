/**
 * How a request gets through, the same for all services: look up (with an id), read, decide, commit; and round again
 * when what was read has changed. A client is never refused because two transactions met (SPEC.md, SV).
 */
import type { ReadAnswer, SessionAnswer, TransactAnswer } from '../sessions/messages.ts'
import type { Operation, OperationResult, Outcome } from '../transactions/operations.ts'
import { anchored, anchorKey } from './anchor.ts'
import { ask, type Context, committed, ended, finish, left, transact } from './flow-context.ts'
import { load, onBulkDone, onMarked } from './loading.ts'
import type { Decision, Held } from './logic.ts'
import type { Asking, ServiceAnswer } from './messages.ts'
import { explain, explainRecorded } from './refusal.ts'
import { type Flow, type Phase, roundId } from './state.ts'

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
      else if (flow.phase.name === 'marking') onMarked(context, flow, result)
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

/** A seal stands for the refusal before it, and is no success by itself. */
const refusalForgotten: ServiceAnswer = {
  status: 'expired',
  detail: 'it was refused; why is no longer known, and it will not run again',
}

/** [SV7] The last round on record is the answer; a round that only met a change leads to the next. */
function onRecord<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  { outcome }: TransactAnswer,
) {
  if (flow.phase.name !== 'lookingUp') return
  const { found } = flow.phase
  if (outcome.status === 'committed') {
    if (isSeal(flow, outcome.results)) return finish(context, flow, found ?? refusalForgotten)
    return finish(context, flow, committed(context, flow, outcome.results))
  }
  if (outcome.status === 'refused') {
    flow.round += 1
    return lookUp(context, flow, explainRecorded(outcome))
  }
  if (outcome.status !== 'unavailable') return finish(context, flow, ended(flow, outcome))
  if (found !== undefined) return seal(context, flow, found)
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
    if (sameVersions(phase.held, result.values)) return refused(context, flow, phase.refusal)
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
      return load(context, flow, decision.rows)
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
  const operations = anchored(flow.request.id, decided)
  transact(context, flow, { name: 'committing', operations, held }, operations)
}

function onTransacted<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  { outcome, id }: TransactAnswer,
) {
  if (flow.phase.name === 'sealing') return onSealed(context, flow, outcome, flow.phase.refusal)
  if (flow.phase.name !== 'committing') return
  const { operations, held } = flow.phase
  if (outcome.status === 'committed' && isSeal(flow, outcome.results)) {
    flow.round = 0
    return lookUp(context, flow, undefined)
  }
  if (outcome.status === 'committed') return finish(context, flow, committed(context, flow, outcome.results))
  if (outcome.status !== 'refused') {
    const first = operations[0]
    const transaction = first && { id, keyspace: first.keyspace, key: first.key }
    return finish(context, flow, ended(flow, outcome, transaction))
  }
  const refusal = explain(outcome, operations)
  if (refusal === undefined) return goRound(context, flow)
  if (held.length === 0) return refused(context, flow, refusal)
  // [SV2] Somebody may have changed the order between the decision and the refusal: paid it with the last unit.
  read(context, flow, true, { name: 'verifying', refusal, held })
}

function refused<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  refusal: ServiceAnswer,
) {
  if (flow.request.id === undefined) return finish(context, flow, refusal)
  flow.round += 1
  seal(context, flow, refusal)
}

/**
 * [SV7] Under an id another try of the same request may be about to go on to the next round: it is taken, so that the
 * refusal lasts. What only checks the anchor is a seal: each other round does something.
 */
function seal<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  refusal: ServiceAnswer,
) {
  transact(context, flow, { name: 'sealing', refusal }, anchored(flow.request.id, []))
}

function isSeal<Request extends Asking>({ request }: Flow<Request>, results: readonly OperationResult[]) {
  return request.id !== undefined && results.length === 1
}

function onSealed<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  outcome: Outcome,
  refusal: ServiceAnswer,
) {
  if (outcome.status === 'committed') {
    const told = isSeal(flow, outcome.results) ? refusal : committed(context, flow, outcome.results)
    return finish(context, flow, told)
  }
  if (outcome.status !== 'refused') return finish(context, flow, ended(flow, outcome))
  flow.round += 1
  lookUp(context, flow, explainRecorded(outcome))
}

/** [SV2] What was read has changed: decide again, from what is there now. */
function goRound<Request extends Asking>(context: Context<Request>, flow: Flow<Request>) {
  flow.round += 1
  if (left(context, flow) > 0) return read(context, flow, true)
  finish(context, flow, { status: 'unavailable', detail: 'others kept changing it until the deadline' })
}
