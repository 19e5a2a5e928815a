/** What can be seen of an actor from outside. */
import type { Json, Rows } from '../actor.ts'
import type { ActorId } from '../address.ts'
import type { Cell, Status } from './cell.ts'

const countedRows = 10_000

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
  /** Counted up to 10,000. */
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
  return { summary: summary(cell), state: describe(cell), timers, rowsCount: count(rows) }
}

/** Counting reads the rows, and a look at a large actor must not hold up its node. */
function count(rows: Rows): number {
  let found = 0
  for (const _ of rows.entries()) if (++found === countedRows) break
  return found
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
