/** A request that puts many rows: how it gets through in bulks. */
import type { BulkAnswer } from '../sessions/messages.ts'
import type { Operation } from '../transactions/operations.ts'
import { ask, type Context, committed, finish, left } from './flow-context.ts'
import type { Asking } from './messages.ts'
import type { Flow } from './state.ts'

/** Rows of one bulk: enough to fill the windows of all groups, little enough not to hold up a turn. */
const rowsAtOnce = 3_000

/** [SV9] Chunk after chunk, each row put as it is drawn; not atomic, and safe to repeat. */
export function load<Request extends Asking>(
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

export function onBulkDone<Request extends Asking>(
  context: Context<Request>,
  flow: Flow<Request>,
  { status, detail, begun }: BulkAnswer,
) {
  if (flow.phase.name !== 'loading') return
  if (status === 'ok') return load(context, flow, flow.phase.rows, flow.phase.next)
  // Only what nothing was done of ends definitely.
  if (begun === true || flow.phase.next > rowsAtOnce) {
    return finish(context, flow, { status: 'unknown', detail: `a part may be done, repeat it: ${detail}` })
  }
  if (status === 'refused') return finish(context, flow, { status, code: 'badRequest', detail })
  finish(context, flow, { status, detail })
}
