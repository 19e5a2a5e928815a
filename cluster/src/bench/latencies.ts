/** Rate and exact percentiles of what one load generator saw. */
import type { Measured } from './figure.ts'

export class Latencies {
  #values = new Float64Array(65_536)
  #count = 0

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#count++] = ms
  }

  measured(seconds: number): Measured {
    const sorted = this.#values.subarray(0, this.#count).sort()
    const at = (share: number) => sorted[Math.min(this.#count - 1, Math.floor(this.#count * share))] ?? 0
    return { rate: this.#count / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
  }
}
