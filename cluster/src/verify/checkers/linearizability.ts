/**
 * Is a history of registers (get, put, cas) linearizable? Linearizability is local (Herlihy and Wing, 1990): each key
 * is checked alone. `register-search.ts` finds an order, `register-counterexample.ts` shows that there is none.
 */
import type { RegisterOperation, Value } from './history.ts'
import { type Counterexample, countReturnedBefore, findCounterexample } from './register-counterexample.ts'
import { RegisterHistory } from './register-history.ts'
import { searchOrder } from './register-search.ts'

export type Linearizability =
  | { readonly verdict: 'ok'; readonly operations: number; readonly keys: number }
  | Violation
  /** The budget ran out before an answer was found. Not a proof of anything: to be treated as a failure. */
  | {
      readonly verdict: 'unknown'
      readonly key: string
      readonly operations: number
      readonly reason: string
    }

export interface Violation extends Counterexample {
  readonly verdict: 'violated'
  readonly key: string
}

export interface LinearizabilityOptions {
  /** What a key holds before the first operation; null when it is not said. */
  readonly initial?: (key: string) => Value
  /** Most operations that one search of one key may place, undone ones included. */
  readonly budget?: number
}

const leastBudget = 5_000_000
const budgetPerOperation = 10

export function checkLinearizability(
  history: readonly RegisterOperation[],
  options: LinearizabilityOptions = {},
): Linearizability {
  const keys = Map.groupBy(history, operation => operation.key)
  let unknown: Linearizability | undefined
  for (const [key, operations] of keys) {
    const result = checkKey(key, operations, options)
    if (result?.verdict === 'violated') return result
    unknown ??= result
  }
  return unknown ?? { verdict: 'ok', operations: history.length, keys: keys.size }
}

/** Undefined when the key's history is linearizable. */
function checkKey(
  key: string,
  operations: readonly RegisterOperation[],
  options: LinearizabilityOptions,
): Linearizability | undefined {
  const history = new RegisterHistory(operations, options.initial?.(key) ?? null)
  const budget = options.budget ?? Math.max(leastBudget, budgetPerOperation * operations.length)
  const whole = searchOrder(history.steps(-Infinity, Infinity), history.initial, history.values, budget)
  if (whole.verdict === 'ok') return undefined
  const found = findCounterexample(history, countReturnedBefore(history, whole.reached), budget)
  if (found) return { verdict: 'violated', key, ...found }
  const reason = `neither an order nor a contradiction was found by placing ${budget} operations`
  return { verdict: 'unknown', key, operations: operations.length, reason }
}
