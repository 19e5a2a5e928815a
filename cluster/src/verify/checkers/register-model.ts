/**
 * A register's operations in the form that the search works on: values are small numbers, and what can change nothing
 * and proves nothing is left out.
 */
import type { RegisterOperation, Value } from './history.ts'

/** What an operation does to a register whose state is one value. */
export type Effect =
  /** Needs the state to be `from`, and leaves it. */
  | 'read'
  /** Needs the state to be anything but `from`, and leaves it: a compare-and-set that did not swap. */
  | 'refuse'
  /** Makes the state `to`, whatever it was. */
  | 'write'
  /** Needs the state to be `from`, and makes it `to`. */
  | 'swap'

export interface Step {
  readonly effect: Effect
  readonly from: number
  readonly to: number
  readonly call: number
  /** Infinity for one that may happen at any time after its call, or never. */
  readonly return: number
  readonly operation: RegisterOperation
}

/** Numbers values, equal JSON the same number. */
export class ValueNumbers {
  readonly #numbers = new Map<string, number>()

  of(value: Value): number {
    const text = canonical(value)
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(text, number)
    }
    return number
  }

  get count(): number {
    return this.#numbers.size
  }
}

function canonical(value: Value): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`
}

/**
 * Undefined for what tells nothing: what failed, and what neither reports nor changes anything. `ended` is false for
 * an operation whose answer is not to be used.
 */
export function stepOf(
  operation: RegisterOperation,
  numbers: ValueNumbers,
  ended = operation.outcome === 'ok',
): Step | undefined {
  if (operation.outcome === 'fail') return undefined
  const times = { call: operation.call, return: ended ? (operation.return ?? Infinity) : Infinity, operation }
  switch (operation.op) {
    case 'get': {
      if (!ended) return undefined
      const read = numbers.of(operation.output ?? null)
      return { effect: 'read', from: read, to: read, ...times }
    }
    case 'put': {
      const to = numbers.of(operation.value)
      return { effect: 'write', from: to, to, ...times }
    }
    case 'cas': {
      const from = numbers.of(operation.from)
      const to = numbers.of(operation.value)
      if (ended && operation.swapped === false) return { effect: 'refuse', from, to: from, ...times }
      if (from !== to) return { effect: 'swap', from, to, ...times }
      return ended ? { effect: 'read', from, to, ...times } : undefined
    }
  }
}
