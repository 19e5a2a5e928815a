/** Waits that double, with jitter: nodes that lost each other at one moment must not all come back at one moment. */
export class Backoff {
  #waitMs: number
  readonly #firstMs: number
  readonly #mostMs: number

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
    this.#waitMs = firstMs
  }

  /** Between half of the wait and all of it. */
  next(random: number): number {
    const waitMs = this.#waitMs
    this.#waitMs = Math.min(this.#mostMs, waitMs * 2)
    return waitMs * (0.5 + random / 2)
  }

  reset(): void {
    this.#waitMs = this.#firstMs
  }
}
