/** A growable queue over a ring: no shifting of elements, no allocation per element. */
export class Ring<T> {
  #slots: (T | undefined)[]
  #mask: number
  #head = 0
  #length = 0

  constructor(capacity = 16) {
    this.#slots = new Array<T | undefined>(capacity).fill(undefined)
    this.#mask = capacity - 1
  }

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length > this.#mask) this.#grow()
    this.#slots[(this.#head + this.#length) & this.#mask] = item
    this.#length++
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.#length--
    return item
  }

  #grow(): void {
    const bigger = new Array<T | undefined>(this.#slots.length * 2).fill(undefined)
    for (let i = 0; i < this.#length; i++) bigger[i] = this.#slots[(this.#head + i) & this.#mask]
    this.#slots = bigger
    this.#mask = bigger.length - 1
    this.#head = 0
  }
}
