/**
 * A unit test of a protocol is one call and one match: `TestOutbox` records the effects, `startActor` holds one actor
 * with its rows, so that it can be given events and restarted from what it saved.
 *
 * ```ts
 * const acceptor = startActor(acceptorType, config)
 * const effects = acceptor.message(proposer, { type: 'prepare', ballot })
 * expect(effects.sent).toEqual([{ to: proposer, message: { type: 'promise', … } }])
 * acceptor.restart()
 * ```
 */
import type { Event, Json, KeyRange, Outbox, Request, Rows } from '../actor.ts'
import type { Address } from '../address.ts'
import { decode, encode } from '../codec.ts'
import { deepFreeze } from '../kernel/freeze.ts'
import { type Random, seededRandom } from './random.ts'

/** What one or several events made happen. */
export interface Effects<Message = unknown> {
  readonly sent: readonly { readonly to: Address; readonly message: Message }[]
  readonly replies: readonly { readonly request: Request; readonly result: unknown }[]
  readonly writes: readonly RecordedWrite[]
  readonly timers: readonly { readonly name: string; readonly delayMs: number }[]
  readonly cancelled: readonly string[]
  readonly notes: readonly { readonly name: string; readonly attributes: Readonly<Record<string, Json>> }[]
}
export type RecordedWrite =
  | { readonly save: string; readonly value: unknown }
  | { readonly erase: string | KeyRange }

interface Recording<Message> {
  sent: { to: Address; message: Message }[]
  replies: { request: Request; result: unknown }[]
  writes: RecordedWrite[]
  timers: { name: string; delayMs: number }[]
  cancelled: string[]
  notes: { name: string; attributes: Readonly<Record<string, Json>> }[]
}

function blank<Message>(): Recording<Message> {
  return { sent: [], replies: [], writes: [], timers: [], cancelled: [], notes: [] }
}

/** Rows that hold encoded values, as disks do: who keeps a reference and changes it changes nothing here. */
export class TestRows implements Rows {
  readonly #values: Map<string, Uint8Array>

  constructor(rows: Readonly<Record<string, unknown>> = {}) {
    this.#values = new Map(Object.entries(rows).map(([key, value]) => [key, encode(value)]))
  }

  get(key: string): unknown {
    const bytes = this.#values.get(key)
    return bytes === undefined ? undefined : decode(bytes)
  }

  *entries(range?: KeyRange): Iterable<readonly [key: string, value: unknown]> {
    for (const key of this.keys(range)) yield [key, this.get(key)]
  }

  keys(range?: KeyRange): string[] {
    const keys = [...this.#values.keys()].sort(byCodeUnits)
    return range === undefined ? keys : keys.filter(key => key >= range.from && key < range.to)
  }

  save(key: string, value: unknown): void {
    this.#values.set(key, encode(value))
  }

  erase(key: string | KeyRange): void {
    if (typeof key === 'string') this.#values.delete(key)
    else for (const one of this.keys(key)) this.#values.delete(one)
  }

  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.entries())
  }
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Records all effects; `take` hands them over and starts afresh. What is passed in is frozen. */
export class TestOutbox<Message = unknown> implements Outbox<Message> {
  /** What was saved, durable at once. */
  readonly rows: TestRows
  /** Timers that are armed now: name → delay, as last set. */
  readonly armed = new Map<string, number>()
  #random: Random
  #now: Recording<Message> = blank()

  constructor(rows: TestRows = new TestRows(), seed: number | string = 1) {
    this.rows = rows
    this.#random = seededRandom(seed)
  }

  get sent() {
    return this.#now.sent as Effects<Message>['sent']
  }

  /** Everything recorded since the last `take`. */
  take(): Effects<Message> {
    const taken = this.#now
    this.#now = blank()
    return taken
  }

  send(to: Address, message: Message): void {
    deepFreeze(message)
    this.#now.sent.push({ to, message })
  }

  reply(request: Request, result: unknown): void {
    deepFreeze(result)
    this.#now.replies.push({ request, result })
  }

  save(key: string, value: unknown): void {
    deepFreeze(value)
    this.#now.writes.push({ save: key, value })
    this.rows.save(key, value)
  }

  erase(key: string | KeyRange): void {
    this.#now.writes.push({ erase: key })
    this.rows.erase(key)
  }

  setTimer(name: string, delayMs: number): void {
    this.#now.timers.push({ name, delayMs })
    this.armed.set(name, delayMs)
  }

  cancelTimer(name: string): void {
    this.#now.cancelled.push(name)
    this.armed.delete(name)
  }

  random(): number {
    return this.#random.next()
  }

  note(name: string, attributes: Readonly<Record<string, Json>> = {}): void {
    this.#now.notes.push({ name, attributes })
  }
}

/** Distributes over event kinds, so that a test may leave `now` out. */
export type EventWithoutNow<Message> =
  Event<Message> extends infer Kind ? (Kind extends unknown ? Omit<Kind, 'now'> : never) : never
