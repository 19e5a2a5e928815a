/** How a call of the client can fail. Each says whether it may have happened. */
import type { Refusal } from '@synod/actors'

/** It did not happen. */
export class DefiniteError extends Error {
  override readonly name: string = 'DefiniteError'
  readonly definite = true
}

/** The cluster could not take it in time (`unavailable`, `overloaded`): nothing happened; trying again is safe. */
export class Unavailable extends DefiniteError {
  override readonly name = 'Unavailable'
}

/** Refused for a reason of its own: a failed check, a bound. The transaction changed nothing. */
export class Refused extends DefiniteError {
  override readonly name = 'Refused'
  readonly reason: Refusal
  /** Index of the operation that could not be. */
  readonly operation: number
  constructor(reason: Refusal, operation: number, detail: string) {
    super(detail)
    this.reason = reason
    this.operation = operation
  }
}

/** It may or may not have happened: what it would have changed tells. */
export class IndefiniteError extends Error {
  override readonly name = 'IndefiniteError'
  readonly definite = false
}
