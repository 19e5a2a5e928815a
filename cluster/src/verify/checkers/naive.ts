/**
 * The definitions themselves, tried out one order after the other: what the checkers are compared with on tiny
 * histories. For tests; the cost is factorial.
 */
import type { ListTransaction, RegisterOperation, Value } from './history.ts'

interface Interval {
  readonly call: number
  readonly return?: number | undefined
  readonly outcome: 'ok' | 'fail' | 'unknown'
}

/**
 * Whether an order of all that happened, and of some of what may have happened, respects real time and lets `apply`
 * explain each step. `apply` gives the next state, or undefined for a step that cannot happen in this one.
 */
function explainable<T extends Interval, S>(
  operations: readonly T[],
  state: S,
  apply: (state: S, operation: T) => S | undefined,
): boolean {
  const open = operations.filter(operation => operation.outcome !== 'fail')
  if (!open.some(operation => operation.outcome === 'ok')) return true
  return open.some(operation => {
    const mustWait = open.some(other => other.outcome === 'ok' && (other.return ?? Infinity) < operation.call)
    if (mustWait) return false
    const next = apply(state, operation)
    if (next === undefined) return false
    return explainable(
      open.filter(other => other !== operation),
      next,
      apply,
    )
  })
}

/** For values that are equal when they are the same. */
export function naivelyLinearizable(history: readonly RegisterOperation[]): boolean {
  const keys = new Set(history.map(operation => operation.key))
  return [...keys].every(key =>
    explainable(
      history.filter(operation => operation.key === key),
      { value: null as Value },
      (state, operation) => {
        switch (operation.op) {
          case 'get':
            return operation.outcome === 'unknown' || state.value === (operation.output ?? null)
              ? state
              : undefined
          case 'put':
            return { value: operation.value }
          case 'cas': {
            const swaps = state.value === operation.from
            if (operation.outcome === 'ok' && swaps !== operation.swapped) return undefined
            return swaps ? { value: operation.value } : state
          }
        }
      },
    ),
  )
}

type Lists = ReadonlyMap<string, readonly (number | string)[]>

/** Whether an order that respects real time explains what every transaction read. */
export function naivelySerializable(history: readonly ListTransaction[]): boolean {
  return explainable(history, new Map() as Lists, (lists, { txn, outcome }) => {
    const next = new Map(lists)
    for (const [what, key, argument] of txn) {
      const list = next.get(key) ?? []
      if (what === 'append') next.set(key, [...list, argument])
      else if (outcome === 'ok' && list.join() !== (argument ?? []).join()) return undefined
    }
    return next
  })
}
