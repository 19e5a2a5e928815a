/** Requests from outside through one node: when it dies, their askers learn that they cannot know. */
import type { Address } from '../address.ts'
import type { Answer } from '../kernel/ports.ts'

export interface Asked {
  readonly to: Address
  readonly message: unknown
  readonly timeoutMs: number
  readonly done: (answer: Answer) => void
}

export class PendingAsks {
  readonly #pending = new Set<(answer: Answer) => void>()

  /** Returns what to call with the answer; only the first call counts. */
  add(done: (answer: Answer) => void): (answer: Answer) => void {
    const entry = (answer: Answer) => {
      if (this.#pending.delete(entry)) done(answer)
    }
    this.#pending.add(entry)
    return entry
  }

  /** Whom to tell that nobody will answer. */
  waiting(): ((answer: Answer) => void)[] {
    return [...this.#pending]
  }
}
