/** What really happened, counted by name: a fault that was drawn may have met nothing. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(what: string, times = 1): void {
    this.#counts.set(what, this.of(what) + times)
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0
  }

  entries(): IterableIterator<[string, number]> {
    return this.#counts.entries()
  }
}
