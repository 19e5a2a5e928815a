/** The rows of a durable actor: `field/<name>` for each field of its state, `timer/<name>` for each armed timer. */
import { assert, type Now, type Outbox, type Rows } from '../actor.ts'
import { decode, encode } from '../codec.ts'

const fields = { from: 'field/', to: 'field0' }
const timers = { from: 'timer/', to: 'timer0' }

export function* durableFields(
  rows: Rows,
): Iterable<readonly [field: string, bytes: Uint8Array, value: unknown]> {
  for (const [key, bytes] of rows.entries(fields)) {
    assert(bytes instanceof Uint8Array, `row ${key} holds an encoded field`)
    yield [key.slice(fields.from.length), bytes, decode(bytes)]
  }
}

/**
 * Saves the fields whose encoded bytes differ from what was saved: a change deep inside a field is found as well. The
 * row holds bytes, as the live value goes on changing before the turn is committed.
 */
export function saveChanges(state: object, saved: Map<string, Uint8Array>, out: Outbox): void {
  for (const [field, value] of Object.entries(state)) {
    const bytes = encode(value)
    const before = saved.get(field)
    if (before !== undefined && Buffer.compare(before, bytes) === 0) continue
    saved.set(field, bytes)
    out.save(fields.from + field, bytes)
  }
  for (const field of saved.keys()) {
    if (field in state) continue
    saved.delete(field)
    out.erase(fields.from + field)
  }
}

/** Timers that outlive the process: a row says by the wall clock when each is due. */
export const DurableTimers = {
  start(rows: Rows, now: Now, out: Outbox): void {
    for (const [key, dueWallMs] of rows.entries(timers)) {
      const waitMs = Number(dueWallMs) - now.wallMs
      // Due while the node was down: it fires once, now.
      out.setTimer(key.slice(timers.from.length), Math.max(0, waitMs))
    }
  },
  set(name: string, delayMs: number, now: Now, out: Outbox): void {
    out.save(timers.from + name, now.wallMs + delayMs)
  },
  clear(name: string, out: Outbox): void {
    out.erase(timers.from + name)
  },
}
