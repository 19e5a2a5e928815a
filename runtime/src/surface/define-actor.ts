/**
 * How an application writes an actor: its state, what it does on each message, its timers. Sugar over the contract in
 * `../actor.ts`: a definition becomes an ordinary actor type that any host can run.
 */
import type { AnyActorType, Json, Now } from '../actor.ts'
import type { Address } from '../address.ts'
import { actorTypeOf } from './actor-type.ts'
import type { TellRef } from './ref.ts'

/** What a handler may do besides changing its state and returning an answer. Good during that call only. */
export interface Context {
  readonly self: Address
  /** The last part of the address. */
  readonly name: string
  readonly now: Now
  /** Another actor, to tell it something. */
  actor<H extends Handlers>(definition: ActorDefinition<H>, name: string): TellRef<H>
  /** Arms or re-arms one of the timers of the definition. Of a durable actor it is durable: see `durable`. */
  timer(name: string, delayMs: number): void
  cancelTimer(name: string): void
  /** Uniform in [0, 1). Use it instead of `Math.random`, so that a simulation repeats. */
  random(): number
  /** Lands in the event feed and on the current span. */
  note(name: string, attributes?: Readonly<Record<string, Json>>): void
}

/** Changes the state and returns the answer to `ask`. Synchronous; when it throws, nothing of it happened. */
export type Handler<State> = (state: State, args: never, context: Context) => unknown
export type Handlers = Readonly<Record<string, Handler<never>>>
export type TimerHandler<State> = (state: State, context: Context) => void

export interface Behaviour<State extends object, H extends Readonly<Record<string, Handler<State>>>> {
  /** Part of every address: letters, digits, `-`, `_`, `.`. */
  readonly type: string
  /** The state of an actor that was never there. A plain object; of a durable actor, of values that can be stored. */
  readonly state: (name: string) => State
  readonly on: H
  readonly timers?: Readonly<Record<string, TimerHandler<State>>>
  /**
   * Keeps the state, and the timers, over restarts and crashes. Each top-level field is one row, written when its
   * encoded bytes changed, in the same transaction in which the answer becomes visible. So split a large state into
   * fields: a change costs what its field costs. A timer that came due while the node was down fires once.
   */
  readonly durable?: boolean
  /** Throws when the state is not what it must be: then the message that broke it never happened. */
  readonly check?: (state: State) => void
  /** Most messages that may wait (default 10,000); beyond it `tell` is lost and `ask` refused. */
  readonly mailboxLimit?: number
}

declare const handlers: unique symbol
/** A kind of actor. `actor` is what hosts run. */
export interface ActorDefinition<H extends Handlers = Handlers> {
  readonly type: string
  readonly actor: AnyActorType
  /** Only for the compiler: the messages it takes. */
  readonly [handlers]?: H
}

/**
 * @example
 * const Counter = defineActor({
 *   type: 'counter',
 *   durable: true,
 *   state: () => ({ count: 0 }),
 *   on: {
 *     add(state, { by }: { by: number }) {
 *       state.count += by
 *       return state.count
 *     },
 *   },
 * })
 */
export function defineActor<State extends object, H extends Readonly<Record<string, Handler<State>>>>(
  behaviour: Behaviour<State, H>,
): ActorDefinition<H> {
  if (!/^[A-Za-z][\w.-]{0,62}$/.test(behaviour.type)) {
    throw new TypeError(
      `actor type ${JSON.stringify(behaviour.type)}: use 1 to 63 letters, digits, '.', '_' or '-', starting with a letter`,
    )
  }
  return { type: behaviour.type, actor: actorTypeOf(behaviour) }
}
