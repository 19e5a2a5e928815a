/**
 * Into the lock table, or into the line; and out again. Whoever leaves lets others go: `work` collects them, so that
 * a long line is served in a loop and not by recursion.
 */
import { type LockRequest, locksOf } from '../../concurrency/lock-modes.ts'
import { acquire, conflicting, release } from '../../concurrency/lock-table.ts'
import { candidates, dequeue, enqueue, mayGo } from '../../concurrency/waiting.ts'
import { evaluate } from '../evaluate.ts'
import type { Age, Numbered, TxKey } from '../messages.ts'
import { table } from '../rows.ts'
import { workOf } from '../work.ts'
import { armTick, type Turn, tuning } from './state.ts'

/** Somebody who wants locks here; `operations` tell which, and whether pending adds leave room. */
export interface Entrant {
  readonly tx: TxKey
  readonly age: Age
  readonly operations: readonly Numbered[]
  /** Whether the locks are kept in memory until they are released. */
  readonly holds: boolean
}

export function requestOf(operations: readonly Numbered[]): LockRequest {
  return locksOf(operations.map(({ operation }) => operation))
}

/** True: it may go on, with its locks when it holds any. False: it waits in line. */
export function enter(turn: Turn, entrant: Entrant): boolean {
  const { state } = turn
  // Where nothing is held and nobody waits it does not matter what would be locked, unless it is to be kept.
  if (!entrant.holds && state.table.held.size === 0 && state.queue.waiters.size === 0) return true
  const request = requestOf(entrant.operations)
  const free = mayGo(state.table, state.queue, { age: entrant.age, request })
  const escrow = free ? openAdds(turn, entrant.operations, request) : []
  if (!free || escrow.length > 0) {
    lineUp(turn, entrant, request, escrow)
    return false
  }
  if (entrant.holds) acquire(state.table, entrant.tx, request)
  return true
}

/** The log said that it does not fit now: behind locks that it shows, or behind pending adds. */
export function waitAgain(turn: Turn, entrant: Entrant): void {
  const request = requestOf(entrant.operations)
  const escrow = openAdds(turn, entrant.operations, request)
  const { table, queue, nowMs } = turn.state
  // What memory cannot explain is not tried again at once: a disagreement must not fill the log.
  const puzzling = escrow.length === 0 && mayGo(table, queue, { age: entrant.age, request })
  lineUp(turn, entrant, request, escrow, puzzling ? nowMs + tuning.puzzledMs : 0)
}

/** Those whom memory told to go and the log did not. */
export function puzzled({ state }: Turn): LockRequest[] {
  const due = [...state.queue.waiters.values()].filter(({ notBeforeMs: at }) => at > 0 && at <= state.nowMs)
  return due.map(({ request }) => request)
}

/** Items on which pending adds leave it open whether these operations are possible. */
function openAdds({ seat }: Turn, operations: readonly Numbered[], request: LockRequest): readonly string[] {
  const pending = [...request.items].some(
    ([item, mode]) => mode === 'add' && table.escrow(seat.store).get(item),
  )
  if (!pending) return []
  const evaluation = evaluate(seat.store, workOf(operations), { version: 0, decides: false })
  return evaluation.verdict === 'wait' ? evaluation.items : []
}

function lineUp(
  turn: Turn,
  { tx, age }: Entrant,
  request: LockRequest,
  escrow: readonly string[],
  notBeforeMs = 0,
): void {
  const { state } = turn
  enqueue(state.queue, { tx, age, request, escrow, sinceMs: state.nowMs, notBeforeMs })
  armTick(turn)
}

/** Gives back what `tx` held or waited for. What it held or wanted is free for others: pass it to `serve`. */
export function leave({ state }: Turn, tx: TxKey): readonly LockRequest[] {
  state.woundMs.delete(tx)
  const waited = dequeue(state.queue, tx)?.request
  const held = release(state.table, tx)
  if (waited === undefined && held === undefined) return none
  return [waited, held].filter(request => request !== undefined)
}

const none: readonly LockRequest[] = []

/** Prepared by a command that this leader did not propose: those in its way lose their place in memory. */
export function hold(turn: Turn, tx: TxKey, operations: readonly Numbered[]): TxKey[] {
  const { table } = turn.state
  release(table, tx)
  const request = requestOf(operations)
  const evicted = [...conflicting(table, request, tx)]
  for (const other of evicted) release(table, other)
  acquire(table, tx, request)
  return evicted
}

/**
 * The oldest first: everybody who can go now that `freed` is free. `go` says whether it really goes; if not, it has
 * lined up again.
 */
export function serve(
  turn: Turn,
  freed: readonly LockRequest[],
  entrantOf: (tx: TxKey) => Entrant | undefined,
  go: (tx: TxKey) => void,
): void {
  const { state } = turn
  const work = [...freed]
  for (let request = work.pop(); request !== undefined; request = work.pop()) {
    for (const waiter of candidates(state.queue, request)) {
      const entrant = entrantOf(waiter.tx)
      if (entrant === undefined || !state.queue.waiters.has(waiter.tx)) continue
      if (waiter.notBeforeMs > state.nowMs || !mayGo(state.table, state.queue, waiter)) continue
      const escrow = openAdds(turn, entrant.operations, waiter.request)
      if (escrow.length > 0) {
        dequeue(state.queue, waiter.tx)
        enqueue(state.queue, { ...waiter, escrow })
        continue
      }
      dequeue(state.queue, waiter.tx)
      state.woundMs.delete(waiter.tx)
      if (entrant.holds) acquire(state.table, waiter.tx, waiter.request)
      // Who does not keep the locks, or waited for amounts, stands in nobody's way any more.
      if (!entrant.holds || waiter.escrow.length > 0) work.push(waiter.request)
      go(waiter.tx)
    }
  }
}
