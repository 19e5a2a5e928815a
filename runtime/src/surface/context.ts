/** The context that a handler sees, over the outbox of its turn. */
import { assert, type Json, type Now, type Outbox } from '../actor.ts'
import { type Address, address, nodeOf } from '../address.ts'
import { copy } from './copy.ts'
import type { ActorDefinition, Context, Handlers } from './define-actor.ts'
import { DurableTimers } from './durable.ts'
import type { TellRef } from './ref.ts'

interface Timed {
  readonly durable?: boolean
  readonly timers?: Readonly<Record<string, unknown>>
}

export class ActorContext implements Context {
  readonly self: Address
  readonly name: string
  readonly now: Now
  readonly #out: Outbox
  readonly #timed: Timed

  constructor(self: Address, name: string, now: Now, out: Outbox, timed: Timed) {
    this.self = self
    this.name = name
    this.now = now
    this.#out = out
    this.#timed = timed
  }

  actor<H extends Handlers>(definition: ActorDefinition<H>, name: string): TellRef<H> {
    const to = address(nodeOf(this.self), definition.type, name)
    return { address: to, tell: (type, ...[args]) => this.#out.send(to, { type, args: copy(args) }) }
  }

  timer(name: string, delayMs: number): void {
    assert(
      Object.hasOwn(this.#timed.timers ?? {}, name),
      `timer ${name} is among the timers of the definition`,
    )
    this.#out.setTimer(name, delayMs)
    if (this.#timed.durable) DurableTimers.set(name, delayMs, this.now, this.#out)
  }

  cancelTimer(name: string): void {
    this.#out.cancelTimer(name)
    this.fired(name)
  }

  /** It rang, or will never ring: not to be armed again by a restart. */
  fired(name: string): void {
    if (this.#timed.durable) DurableTimers.clear(name, this.#out)
  }

  random(): number {
    return this.#out.random()
  }

  note(name: string, attributes?: Readonly<Record<string, Json>>): void {
    this.#out.note(name, attributes)
  }
}
