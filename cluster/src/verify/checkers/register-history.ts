/** The history of one key, and what a stretch of it asks of an order. */
import type { RegisterOperation, Value } from './history.ts'
import { type Step, stepOf, ValueNumbers } from './register-model.ts'

const endOf = (operation: RegisterOperation): number =>
  operation.outcome === 'ok' ? (operation.return ?? Infinity) : Infinity

export class RegisterHistory {
  readonly operations: readonly RegisterOperation[]
  /** Those whose answer is known, by return. */
  readonly ended: readonly RegisterOperation[]
  readonly initial: number
  readonly #numbers = new ValueNumbers()
  /** A value that no operation names. */
  readonly #other: number

  constructor(operations: readonly RegisterOperation[], initial: Value) {
    this.operations = operations.filter(operation => operation.outcome !== 'fail')
    this.ended = this.operations
      .filter(operation => endOf(operation) !== Infinity)
      .sort((a, b) => endOf(a) - endOf(b))
    this.initial = this.#numbers.of(initial)
    for (const operation of this.operations) stepOf(operation, this.#numbers)
    this.#other = this.#numbers.of({ 'no such': 'value' })
  }

  /** How many values there are; each has a number below it. */
  get values(): number {
    return this.#numbers.count
  }

  /**
   * What was called by `until`. An answer counts when it came by then and its operation was called at `from` or later;
   * without its answer an operation may happen or not. What ended before `from` is left out.
   */
  steps(from: number, until: number): Step[] {
    const steps: Step[] = []
    for (const operation of this.operations) {
      const end = endOf(operation)
      if (operation.call > until || end < from) continue
      const step = stepOf(
        operation,
        this.#numbers,
        operation.call >= from && end <= until && end !== Infinity,
      )
      if (step) steps.push(step)
    }
    return steps
  }

  /** What the register can have held at `from`, as far as it makes a difference to these steps. */
  statesAt(from: number, steps: readonly Step[]): number[] {
    const seen = new Set<number>()
    for (const step of steps) if (step.effect !== 'write') seen.add(step.from)
    const possible = new Set([this.initial])
    for (const operation of this.operations) {
      if (operation.call <= from && operation.op !== 'get') possible.add(this.#numbers.of(operation.value))
    }
    return [this.#other, ...[...seen].filter(value => possible.has(value))]
  }

  /** What had been called by the time and had not ended. */
  openAt(time: number): RegisterOperation[] {
    return this.operations.filter(operation => operation.call <= time && endOf(operation) > time)
  }
}
