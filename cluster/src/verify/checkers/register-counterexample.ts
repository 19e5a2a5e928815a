/**
 * Shows that a register's history is not linearizable without searching all of it. A search that got stuck says how
 * far an order reaches; what stops it is near. So a stretch of the history around that point is searched alone, from
 * every state that the register can have had at its beginning, and with everything that was open then as optional:
 * that allows more than the whole history does. When no start leads through the stretch, the whole has no order.
 *
 * The stretch is widened until it convicts, or is the whole history. Then the operation that cannot be explained is
 * the earliest return that still convicts: a stretch that ends later convicts as well, so that halving finds it.
 */
import type { RegisterOperation } from './history.ts'
import type { RegisterHistory } from './register-history.ts'
import type { Step } from './register-model.ts'
import { type SearchResult, searchOrder } from './register-search.ts'
import { contradictedAt } from './register-zones.ts'

export interface Counterexample {
  /** The operation whose answer no order explains. */
  readonly impossible: RegisterOperation
  /** An order of everything that returned before, the last operation last; of some of it, if none was found. */
  readonly prefix: readonly RegisterOperation[]
  /** What was called before `impossible` returned and had not returned by then. */
  readonly open: readonly RegisterOperation[]
}

const firstWidth = 64
const widenBy = 4

/** One search gives up after this many placements, so that a stretch that is too hard leaves some for a wider one. */
const leastSearch = 20_000
const placementsPerStep = 20

type Verdict = SearchResult['verdict']

interface Hunt {
  readonly history: RegisterHistory
  /** Placements left for all searches together. */
  left: number
}

/**
 * `explained` is how many of `history.ended` an order is known for. Undefined when nothing was found before `budget`
 * ran out, in placed operations.
 */
export function findCounterexample(
  history: RegisterHistory,
  explained: number,
  budget: number,
): Counterexample | undefined {
  const { ended } = history
  const hunt: Hunt = { history, left: budget }
  let known = explained
  let upper = ended.length
  const contradicted = contradictedAt(history.steps(-Infinity, Infinity), history.initial, history.values)
  for (let width = firstWidth; hunt.left > 0; width *= widenBy) {
    const whole = width >= ended.length
    const first = whole ? 0 : Math.max(0, known - width)
    const last = whole ? upper : Math.min(upper, known + width)
    // The plain contradiction stands for the first stretch: it convicts wherever it is.
    const plain = width === firstWidth && contradicted !== Infinity
    if (plain || convicts(hunt, first, last) === 'violated') {
      const culprit = plain
        ? countReturnedBefore(history, contradicted) + 1
        : earliest(hunt, first, known, last)
      const before = explain(hunt, culprit - 1)
      if (before.order || whole) return report(history, culprit, before.order ?? [])
      // Something before it is impossible as well: look there, in a wider stretch.
      upper = culprit - 1
      known = Math.max(known, before.reached)
    }
    if (whole) return undefined
  }
  return undefined
}

/** The smallest number of returns that still convicts, above `known`; `last` is known to. */
function earliest(hunt: Hunt, first: number, known: number, last: number): number {
  let innocent = known
  let guilty = last
  while (guilty - innocent > 1) {
    const middle = (innocent + guilty) >>> 1
    if (convicts(hunt, first, middle) === 'violated') guilty = middle
    else innocent = middle
  }
  return guilty
}

/** Searches from the call of the `first` ended operation to the return of the `last`, which is counted from 1. */
function convicts(hunt: Hunt, first: number, last: number): Verdict {
  const { history } = hunt
  const from = first === 0 ? -Infinity : (history.ended[first]?.call ?? 0)
  const until = history.ended[last - 1]?.return ?? 0
  const steps = history.steps(from, until)
  const states = first === 0 ? [history.initial] : history.statesAt(from, steps)
  for (const state of states) {
    if (contradictedAt(steps, state, history.values) !== Infinity) continue
    const { verdict } = search(hunt, steps, state)
    if (verdict !== 'violated') return verdict
  }
  return 'violated'
}

function explain(hunt: Hunt, returns: number) {
  const { history } = hunt
  const until = returns === 0 ? -Infinity : (history.ended[returns - 1]?.return ?? 0)
  const result = search(hunt, history.steps(-Infinity, until), history.initial)
  if (result.verdict === 'ok') return { order: result.order.map(step => step.operation), reached: returns }
  return { order: undefined, reached: countReturnedBefore(history, result.reached) }
}

/** The whole history may cost all that is left, a stretch only its share. */
function search(hunt: Hunt, steps: readonly Step[], initial: number): SearchResult {
  const { history } = hunt
  const whole = steps.length >= history.ended.length
  const budget = whole ? hunt.left : Math.min(hunt.left, leastSearch + placementsPerStep * steps.length)
  const result = searchOrder(steps, initial, history.values, budget)
  hunt.left -= result.placements
  return result
}

/** How many operations returned before the time. */
export function countReturnedBefore({ ended }: RegisterHistory, time: number): number {
  let low = 0
  let high = ended.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ended[middle]?.return ?? 0) < time) low = middle + 1
    else high = middle
  }
  return low
}

function report(
  history: RegisterHistory,
  culprit: number,
  prefix: readonly RegisterOperation[],
): Counterexample {
  const impossible = history.ended[culprit - 1] as RegisterOperation
  return { impossible, prefix, open: history.openAt(impossible.return ?? Infinity) }
}
