/**
 * The timers of all actors of a node. What an actor sets is armed when its turn commits, so it fires in a later turn
 * at the earliest; what it cancels or sets anew is off at once, so that an old firing can never slip in between.
 */
import type { Cell, Timer } from './cell.ts'
import { DueHeap } from './due-heap.ts'

export class Timers {
  #heap = new DueHeap<Timer>()
  #pending: Timer[] = []

  get next(): number {
    return this.#heap.next
  }
  get hasPending(): boolean {
    return this.#pending.length > 0
  }
  get size(): number {
    return this.#heap.size
  }

  set(cell: Cell, name: string, delayMs: number): void {
    let timer = cell.timers.get(name)
    if (timer === undefined) {
      timer = { cell, name, delayMs, pending: false, due: 0, place: -1, order: 0 }
      cell.timers.set(name, timer)
    }
    this.#heap.remove(timer)
    timer.delayMs = delayMs
    if (!timer.pending) {
      timer.pending = true
      this.#pending.push(timer)
    }
  }

  cancel(cell: Cell, name: string): void {
    const timer = cell.timers.get(name)
    if (timer === undefined) return
    timer.pending = false
    this.#heap.remove(timer)
    cell.timers.delete(name)
  }

  clear(cell: Cell): void {
    for (const name of cell.timers.keys()) this.cancel(cell, name)
  }

  /** The turn is durable: its timers start to run. */
  arm(now: number): void {
    if (this.#pending.length === 0) return
    for (const timer of this.#pending) {
      if (!timer.pending) continue
      timer.pending = false
      this.#heap.add(timer, now + timer.delayMs)
    }
    this.#pending.length = 0
  }

  takeDue(now: number): Timer | undefined {
    const timer = this.#heap.takeDue(now)
    if (timer !== undefined) timer.cell.timers.delete(timer.name)
    return timer
  }
}
