/**
 * What happens to an actor that throws: it is rebuilt from its rows after a pause that doubles, and given up when it
 * keeps failing. The event that it threw on is lost; what else waits for it goes on waiting.
 */
import type { Cell } from './cell.ts'
import { DueHeap } from './due-heap.ts'

const firstPauseMs = 100
const longestPauseMs = 10_000
const windowMs = 60_000
/** More failures than this within the window, and the actor is stopped. */
const tolerated = 10

export class Supervisor {
  #restarts = new DueHeap<Cell['restart']>()

  get next(): number {
    return this.#restarts.next
  }

  /** An actor waits for the next turn to start. */
  get startsSoon(): boolean {
    return this.#restarts.next === Number.NEGATIVE_INFINITY
  }

  /** Says whether the actor gets another life. */
  failed(cell: Cell, error: Error, now: number): 'backOff' | 'giveUp' {
    cell.lastError = error
    cell.restarts++
    cell.failures = cell.failures.filter(at => at > now - windowMs)
    cell.failures.push(now)
    if (cell.failures.length > tolerated) return 'giveUp'
    const pauseMs = Math.min(firstPauseMs * 2 ** (cell.failures.length - 1), longestPauseMs)
    this.#restarts.add(cell.restart, now + pauseMs)
    return 'backOff'
  }

  /** Starts an actor in the next turn. */
  soon(cell: Cell): void {
    this.#restarts.add(cell.restart, Number.NEGATIVE_INFINITY)
  }

  stopped(cell: Cell): void {
    this.#restarts.remove(cell.restart)
  }

  takeDue(now: number): Cell | undefined {
    return this.#restarts.takeDue(now)?.cell
  }
}
