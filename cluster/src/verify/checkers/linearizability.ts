/**
 * Is a history of registers (get, put, cas) linearizable? Linearizability is local (Herlihy and Wing, 1990): each key
 * is checked alone. See `register-search.ts` for how.
 */
import type { RegisterOperation, Value } from './history.ts'
import { type Step, stepOf, ValueNumbers } from './register-model.ts'
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

export interface Violation {
  readonly verdict: 'violated'
  readonly key: string
  /** The operation whose answer no order explains. Everything that returned before it can still be explained. */
  readonly impossible: RegisterOperation
  /** An order that explains everything that returned before, the last operation last. */
  readonly prefix: readonly RegisterOperation[]
  /** What was called before `impossible` returned and had not returned by then. */
  readonly open: readonly RegisterOperation[]
}

export interface LinearizabilityOptions {
  /** What a key holds before the first operation; null when it is not said. */
  readonly initial?: (key: string) => Value
  /** Most operations that the search may place for one key, undone ones included. */
  readonly budget?: number
}

const leastBudget = 5_000_000
const budgetPerOperation = 50

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
  const initial = options.initial?.(key) ?? null
  const budget = options.budget ?? Math.max(leastBudget, budgetPerOperation * operations.length)
  const whole = search(operations, Infinity, initial, budget)
  if (whole.verdict === 'ok') return undefined
  if (whole.verdict === 'unknown') {
    const reason = `no answer after placing ${budget} operations; at best ${whole.placed} of them fit in an order`
    return { verdict: 'unknown', key, operations: operations.length, reason }
  }
  return counterexample(key, operations, initial, budget)
}

function search(operations: readonly RegisterOperation[], until: number, initial: Value, budget: number) {
  const numbers = new ValueNumbers()
  const first = numbers.of(initial)
  const steps: Step[] = []
  for (const operation of operations) {
    if (operation.call > until) continue
    const ended = operation.outcome === 'ok' && (operation.return ?? Infinity) <= until
    const step = stepOf(operation, numbers, ended)
    if (step) steps.push(step)
  }
  return searchOrder(steps, first, numbers.count, budget)
}

/**
 * The shortest prefix in time that cannot be explained: a prefix of a linearizable history is linearizable, so that
 * halving finds it. Where a prefix exhausts the budget, it counts as explained, and the counterexample is longer.
 */
function counterexample(
  key: string,
  operations: readonly RegisterOperation[],
  initial: Value,
  budget: number,
): Violation {
  const ended = operations.filter(operation => operation.outcome === 'ok')
  ended.sort((a, b) => (a.return ?? 0) - (b.return ?? 0))
  let explained = 0
  let violated = ended.length
  while (violated - explained > 1) {
    const middle = (explained + violated) >>> 1
    const result = search(operations, ended[middle - 1]?.return ?? 0, initial, budget)
    if (result.verdict === 'violated') violated = middle
    else explained = middle
  }
  const impossible = ended[violated - 1] as RegisterOperation
  const end = impossible.return ?? Infinity
  const before = search(operations, ended[explained - 1]?.return ?? -1, initial, budget)
  const prefix = explained > 0 && before.verdict === 'ok' ? before.order.map(step => step.operation) : []
  const open = operations.filter(
    other =>
      other !== impossible &&
      other.call <= end &&
      (other.return ?? Infinity) > end &&
      other.outcome !== 'fail',
  )
  return { verdict: 'violated', key, impossible, prefix, open }
}
