/** The steps that may never have happened: which bring a value, and which are placed. */
import type { Step } from './register-model.ts'

export class OptionalSteps {
  /** Their numbers begin here. */
  readonly #first: number
  /** By value: those that bring it, by call. */
  readonly #bringing = new Map<number, number[]>()
  /** A bit for each that is placed. */
  readonly #used: Uint16Array
  #usedCount = 0

  /** By call; their numbers are counted from `first`. */
  constructor(optional: readonly Step[], first: number) {
    this.#first = first
    this.#used = new Uint16Array((optional.length + 15) >> 4)
    for (const [at, { to }] of optional.entries()) {
      const others = this.#bringing.get(to)
      if (others) others.push(first + at)
      else this.#bringing.set(to, [first + at])
    }
  }

  get isEmpty(): boolean {
    return this.#bringing.size === 0
  }

  /** By call, placed or not. */
  bringing(value: number): readonly number[] {
    return this.#bringing.get(value) ?? []
  }

  /** Each value with those that bring it. */
  byValue(): Iterable<readonly [number, readonly number[]]> {
    return this.#bringing
  }

  isUsed(index: number): boolean {
    const bit = index - this.#first
    return ((this.#used[bit >> 4] as number) & (1 << (bit & 15))) !== 0
  }

  /** Places it, or undoes that. */
  toggle(index: number): void {
    const bit = index - this.#first
    this.#used[bit >> 4] = (this.#used[bit >> 4] as number) ^ (1 << (bit & 15))
    this.#usedCount += this.isUsed(index) ? 1 : -1
  }

  /** Equal for the same steps placed; empty for none. */
  get used(): string {
    return this.#usedCount === 0 ? '' : String.fromCharCode(...this.#used)
  }
}
