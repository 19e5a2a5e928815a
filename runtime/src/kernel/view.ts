/** What can be seen of an actor from outside. */
import type { Json, Rows } from '../actor.ts'
import type { ActorId } from '../address.ts'
import type { Cell, Status } from './cell.ts'

export interface ActorSummary {
  readonly id: ActorId
  readonly type: string
  readonly status: Status
  /** Messages that wait, urgent ones included. */
  readonly mailbox: number
  readonly handled: number
  readonly restarts: number
  readonly lastError: string | undefined
}

export interface ActorView {
  readonly summary: ActorSummary
  readonly state: Json
  readonly timers: readonly { readonly name: string; readonly dueInMs: number }[]
  readonly rowsCount: number
}

export function summary(cell: Cell): ActorSummary {
  const { id, type, status, handled, restarts, lastError } = cell
  const mailbox = cell.mailbox.length + cell.urgent.length
  return { id, type: type.type, status, mailbox, handled, restarts, lastError: lastError?.message }
}

export function view(cell: Cell, rows: Rows, now: number): ActorView {
  const timers = [...cell.timers.values()].map(({ name, due, delayMs, pending }) => ({
    name,
    dueInMs: pending ? delayMs : due - now,
  }))
  let rowsCount = 0
  for (const _ of rows.entries()) rowsCount++
  return { summary: summary(cell), state: describe(cell), timers, rowsCount }
}

/** An inspector must work on an actor in trouble too: what `describe` throws is shown in its place. */
function describe(cell: Cell): Json {
  if (cell.status !== 'running') return null
  try {
    return cell.type.describe(cell.state)
  } catch (error) {
    return { describeFailed: String(error) }
  }
}
