/**
 * What waits for one actor, in order of arrival. The events are the very objects that `receive` will see, so that a
 * message costs one allocation; `now` is filled in when the event is handled.
 */
import type { MessageEvent, Now, PeerEvent, RequestEvent } from '../actor.ts'
import { Ring } from './ring.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** `basis` is the turn whose rows the message may tell of; see `Cell.basis`. */
type Based<T> = Mutable<T> & { readonly basis: number }
export type WaitingMessage = Based<MessageEvent<unknown>> | Based<RequestEvent<unknown>>
export type WaitingEvent = WaitingMessage | Based<PeerEvent>

/** Stands in `now` until the event is handled. */
export const notYet: Now = Object.freeze({ monotonicMs: 0, wallMs: 0 })

export class Mailbox {
  #events = new Ring<WaitingEvent>()
  /** Made when the first trace comes by: without tracing it costs nothing. */
  #traces: Ring<string | undefined> | undefined
  /** Trace context of the event taken last. */
  trace: string | undefined = undefined

  get length(): number {
    return this.#events.length
  }

  push(event: WaitingEvent, trace: string | undefined): void {
    if (trace !== undefined && this.#traces === undefined) {
      this.#traces = new Ring()
      for (let i = 0; i < this.#events.length; i++) this.#traces.push(undefined)
    }
    this.#events.push(event)
    if (this.#traces !== undefined) this.#traces.push(trace)
  }

  shift(): WaitingEvent | undefined {
    if (this.#traces !== undefined) this.trace = this.#traces.shift()
    return this.#events.shift()
  }
}
