/**
 * Is there an order of a register's operations that respects real time and explains every answer? Wing and Gong's
 * search ("Testing and verifying concurrent objects", 1993) with Lowe's memory of configurations that failed
 * ("Testing for linearizability", 2017). Registers allow to cut most of the search without losing an answer:
 *
 * 1. A read (or a refused swap) that fits the state is placed at once: it changes nothing, so that placing it later
 *    gains nothing.
 * 2. The state may not be left while somebody still has to see it and nobody is left to bring it back.
 * 3. An operation that may never have happened (optional) is only placed when an operation that can be placed next
 *    waits for its value: otherwise the order without it explains as much.
 * 4. Of writes with the same value, the one that returns first goes first; of optional ones, the first called.
 * 5. A write that nobody has to see is placed at once when nobody has to see the present state either, provided that
 *    no refused swap is left, which could need it as a state other than its own.
 *
 * A configuration is exact, not a hash: the state, what is open, and which optional operations were used. All that
 * returned before the first open return is placed, nothing that was called after it is.
 */
import type { Step } from './register-model.ts'
import { SearchState } from './register-search-state.ts'

/** `placements` is what the search cost: operations placed in all, those undone again included. */
export type SearchResult =
  | { readonly verdict: 'ok'; readonly order: readonly Step[]; readonly placements: number }
  /** No order was found: there is none, or the budget ran out. For what returned before `reached` there is one. */
  | { readonly verdict: 'violated' | 'unknown'; readonly reached: number; readonly placements: number }

interface Choice {
  readonly trail: number
  readonly candidates: readonly number[]
  next: number
}

/** `budget` is in placed operations; the same input always needs the same. */
export function searchOrder(
  steps: readonly Step[],
  initial: number,
  values: number,
  budget: number,
): SearchResult {
  const state = new SearchState(steps, initial, values)
  const choices: Choice[] = []
  const failed = new Set<string>()
  let reached = -Infinity
  while (!state.settle()) {
    reached = Math.max(reached, state.mustReturnBy)
    if (state.placements > budget) return { verdict: 'unknown', reached, placements: state.placements }
    const candidates = failed.size > 0 && failed.has(state.configuration()) ? [] : state.candidates()
    const [only] = candidates
    if (candidates.length === 1 && only !== undefined) {
      state.place(only)
      continue
    }
    if (candidates.length > 1) choices.push({ trail: state.trailLength, candidates, next: 0 })
    if (!takeNext(state, choices, failed))
      return { verdict: 'violated', reached, placements: state.placements }
  }
  return { verdict: 'ok', order: state.order(), placements: state.placements }
}

/** Goes back to the last choice that has a candidate left. */
function takeNext(state: SearchState, choices: Choice[], failed: Set<string>): boolean {
  for (;;) {
    const choice = choices.at(-1)
    if (!choice) return false
    state.undoTo(choice.trail)
    const candidate = choice.candidates[choice.next++]
    if (candidate !== undefined) {
      state.place(candidate)
      return true
    }
    failed.add(state.configuration())
    choices.pop()
  }
}
