/** The calls and returns of the required steps that are not placed, in the order of time. */
import type { Step } from './register-model.ts'

/** Typed arrays are read where the index is known to be in range. */
const at = (numbers: Int32Array, index: number): number => numbers[index] as number

export class Timeline {
  /** The position before all events. */
  static readonly start = 0
  /** The position after them. */
  readonly end: number
  /** A linked list of positions. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** At a position: the step that is called there, or ~step for its return. */
  readonly #event: Int32Array
  readonly #callAt: Int32Array
  readonly #returnAt: Int32Array

  /** Of a call and a return at the same instant the call comes first: they may be concurrent. */
  constructor(required: readonly Step[]) {
    this.end = 2 * required.length + 1
    this.#next = new Int32Array(this.end + 1)
    this.#previous = new Int32Array(this.end + 1)
    for (let position = 0; position <= this.end; position++) {
      this.#next[position] = position + 1
      this.#previous[position] = position - 1
    }
    this.#event = new Int32Array(this.end + 1)
    this.#callAt = new Int32Array(required.length)
    this.#returnAt = new Int32Array(required.length)
    const returns = [...required.entries()].sort(([, a], [, b]) => a.return - b.return)
    let position = 1
    let call = 0
    for (const [index, step] of returns) {
      while (call < required.length && (required[call] as Step).call <= step.return) {
        this.#callAt[call] = position
        this.#event[position++] = call++
      }
      this.#returnAt[index] = position
      this.#event[position++] = ~index
    }
  }

  after(position: number): number {
    return at(this.#next, position)
  }

  /** The step that is called there, or ~step for its return. */
  event(position: number): number {
    return at(this.#event, position)
  }

  place(index: number): void {
    this.#remove(at(this.#callAt, index))
    this.#remove(at(this.#returnAt, index))
  }

  /** In the reverse order of placing. */
  undo(index: number): void {
    this.#restore(at(this.#returnAt, index))
    this.#restore(at(this.#callAt, index))
  }

  #remove(position: number): void {
    this.#next[at(this.#previous, position)] = at(this.#next, position)
    this.#previous[at(this.#next, position)] = at(this.#previous, position)
  }

  #restore(position: number): void {
    this.#next[at(this.#previous, position)] = position
    this.#previous[at(this.#next, position)] = position
  }
}
