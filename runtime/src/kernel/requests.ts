/** Requests that this node asked and whose answers it awaits, with their deadlines. */
import { SlabMap } from '../slab-map.ts'
import { type Due, DueHeap } from './due-heap.ts'
import type { Answer } from './ports.ts'

interface Pending extends Due {
  readonly number: number
  readonly done: (answer: Answer) => void
  answer: Answer
}

const timeout: Answer = Object.freeze({ outcome: 'timeout' })

export class Requests {
  #pending = new SlabMap<number, Pending>()
  #deadlines = new DueHeap<Pending>()
  #completed: Pending[] = []
  /** Ids begin above this; without it they are small numbers, which a map finds quickly. */
  readonly #firstId: number
  #last = 0

  /**
   * Ids start at a random place: an answer that was on its way when this node died must not be taken for the answer
   * to a request of its next life.
   */
  constructor(random: number) {
    this.#firstId = Math.floor(random * 2 ** 32) * 2 ** 20
  }

  get size(): number {
    return this.#pending.size
  }
  get next(): number {
    return this.#deadlines.next
  }
  get hasCompleted(): boolean {
    return this.#completed.length > 0
  }

  open(done: (answer: Answer) => void, deadline: number): number {
    const number = ++this.#last
    const pending: Pending = { number, done, answer: timeout, due: 0, place: -1, order: 0 }
    this.#pending.set(number, pending)
    this.#deadlines.add(pending, deadline)
    return this.#firstId + number
  }

  /** False when nobody waits for this answer any more. */
  complete(id: number, answer: Answer): boolean {
    return this.#complete(this.#pending.get(id - this.#firstId), answer)
  }

  #complete(pending: Pending | undefined, answer: Answer): boolean {
    if (pending === undefined) return false
    this.#pending.delete(pending.number)
    this.#deadlines.remove(pending)
    pending.answer = answer
    this.#completed.push(pending)
    return true
  }

  /** Answers outside of the table, for what was refused before it began. */
  refuse(done: (answer: Answer) => void, answer: Answer): void {
    this.#completed.push({ number: 0, done, answer, due: 0, place: -1, order: 0 })
  }

  expire(now: number): void {
    for (;;) {
      const pending = this.#deadlines.takeDue(now)
      if (pending === undefined) return
      this.#complete(pending, timeout)
    }
  }

  /** Nothing that was answered and not released counts: it may not be durable. */
  abandon(): void {
    const all = [...this.#completed, ...this.#pending.values()]
    this.#completed = []
    this.#pending = new SlabMap()
    this.#deadlines = new DueHeap()
    for (const { done } of all) done(timeout)
  }

  /** Tells the askers; they may ask again from within. */
  release(): void {
    if (this.#completed.length === 0) return
    const completed = this.#completed
    this.#completed = []
    for (const pending of completed) pending.done(pending.answer)
  }
}
