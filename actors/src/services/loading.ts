/** A request that puts many rows: how it gets through in bulks. */
import type { BulkAnswer, TransactAnswer } from '../sessions/messages.ts'
import type { Operation } from '../transactions/operations.ts'
import { anchored, anchorKey } from './anchor.ts'
import { ask, type Context, committed, ended, finish, left, transact } from './flow-context.ts'
import type { Asking, ServiceAnswer } from './messages.ts'
import { type Flow, type Phase, roundId } from './state.ts'

/** Rows of one bulk: enough to fill the windows of all groups, little enough not to hold up a turn. */
const rowsAtOnce = 3_000

/** [SV9] Chunk after chunk, each row put as it is drawn; not atomic, and safe to repeat until it is done. */
export function load<Request extends Asking>(context: Context<Request>, flow: Flow<Request>, rows: number) {
  if (flow.request.id === undefined) loadFrom(context, flow, rows, 0)
  else mark(context, flow, { rows, step: 'begun' })
}

function loadFrom<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  rows: number,
  from: number,
) {
  if (from >= rows) return loaded(context, flow, rows)
  const next = Math.min(rows, from + rowsAtOnce)
  const operations: Operation[] = []
  for (let row = from; row < next; row++) {
    operations.push(...context.logic.row(flow.request, row, () => context.out.random()))
  }
  const phase = { name: 'loading', rows, next } as const
  ask(context, flow, phase, { type: 'bulk', operations, deadlineMs: left(context, flow) })
}

function loaded<Request extends Asking>(context: Context<Request>, flow: Flow<Request>, rows: number) {
  if (flow.request.id === undefined) finish(context, flow, committed(context, flow, []))
  else mark(context, flow, { rows, step: 'done' })
}

type Mark = Omit<Extract<Phase, { name: 'marking' }>, 'name'>

/** [SV7, SV9] With an id it is on record that the batch has begun and that it is done, each in a round of its own. */
function mark<Request extends Asking>(context: Context<Request>, flow: Flow<Request>, { rows, step }: Mark) {
  const { id } = flow.request
  if (id === undefined) return
  flow.round = step === 'begun' ? 0 : 1
  const phase = { name: 'marking', rows, step } as const
  if (step !== 'asked') return transact(context, flow, phase, anchored(id, []))
  const where = { id: roundId(id, flow.round), ...anchorKey(id) }
  ask(context, flow, phase, { type: 'lookup', ...where, deadlineMs: left(context, flow) })
}

export function onMarked<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  { outcome }: TransactAnswer,
) {
  if (flow.phase.name !== 'marking') return
  const { rows, step } = flow.phase
  if (outcome.status === 'committed') {
    if (step === 'begun') mark(context, flow, { rows, step: 'asked' })
    else finish(context, flow, committed(context, flow, []))
  } else if (step === 'asked' && outcome.status === 'unavailable') loadFrom(context, flow, rows, 0)
  else if (step === 'done') finish(context, flow, inPart(outcome.detail))
  else if (outcome.status === 'refused')
    finish(context, flow, { status: 'unavailable', detail: outcome.detail })
  else finish(context, flow, ended(flow, outcome))
}

const inPart = (detail: string): ServiceAnswer => ({
  status: 'unknown',
  detail: `a part may be done, repeat it: ${detail}`,
})

export function onBulkDone<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  { status, detail, begun }: BulkAnswer,
) {
  if (flow.phase.name !== 'loading') return
  if (status === 'ok') return loadFrom(context, flow, flow.phase.rows, flow.phase.next)
  // Only what nothing was done of ends definitely.
  if (begun === true || flow.phase.next > rowsAtOnce) return finish(context, flow, inPart(detail))
  if (status === 'refused') return finish(context, flow, { status, code: 'badRequest', detail })
  finish(context, flow, { status, detail })
}
