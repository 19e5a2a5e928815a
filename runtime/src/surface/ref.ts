/** Typed references to actors, and how an `ask` can fail. */
import type { Address } from '../address.ts'
import type { Answer } from '../kernel/ports.ts'
import type { Returned } from './actor-type.ts'
import type { Handlers } from './define-actor.ts'

type ArgsOf<H> = H extends (state: never, args: infer Args, context: never) => unknown ? Args : never
/** A handler that names no arguments is called without any. */
type Given<H> = unknown extends ArgsOf<H> ? [args?: Readonly<Record<string, never>>] : [args: ArgsOf<H>]
type Answered<H> = H extends (...input: never) => infer Result ? Result : never

export interface TellRef<H extends Handlers> {
  readonly address: Address
  /** At most once: lost when the node stops before the actor's turn, or when its mailbox is full. */
  tell<Name extends keyof H & string>(name: Name, ...args: Given<H[Name]>): void
}

export interface ActorRef<H extends Handlers> extends TellRef<H> {
  /** What the handler returned, once its changes are durable. Rejects with an `AskError`. */
  ask<Name extends keyof H & string>(name: Name, ...args: Given<H[Name]>): Promise<Answered<H[Name]>>
}

/** `definite`: nothing of it happened. Otherwise it may have happened, or may happen yet. */
export class AskError extends Error {
  override readonly name = 'AskError'
  readonly definite: boolean

  constructor(message: string, definite: boolean) {
    super(message)
    this.definite = definite
  }
}

/** The value in an answer, or the error that says why there is none. */
export function returnedBy(to: Address, what: string, answer: Answer): unknown {
  const call = `${what} to ${to}`
  if (answer.outcome === 'timeout') throw new AskError(`${call}: no answer in time`, false)
  if (answer.outcome === 'refused') throw new AskError(`${call}: ${answer.reason}`, true)
  const returned = answer.result as Returned
  if (!returned.ok) throw new AskError(`${call}: ${returned.problem}`, true)
  return returned.value
}
