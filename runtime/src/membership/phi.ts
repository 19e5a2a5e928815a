/**
 * Suspicion as a number (Hayashibara, Défago, Yared, Katayama: The φ accrual failure detector, SRDS 2004): from the
 * heartbeats of one peer, how unlikely is it that the next one is merely late? (SPEC.md, PH1–PH4.)
 *
 * Differs from the paper: the tail of the normal distribution is approximated by a logistic curve, the deviation has a
 * floor, and any sign of life (not only a heartbeat) ends the wait, because under load heartbeats queue behind data.
 */
export interface PhiOptions {
  /** What the first heartbeats are expected to keep to. */
  readonly intervalMs: number
  /** One late heartbeat of a very regular peer is no crime. */
  readonly minDeviationMs: number
  /** How many arrivals the estimate is made from. */
  readonly window: number
}

/** Where the approximation ends: 1 in 10^40. */
const ceiling = 40

export class PhiAccrual {
  readonly #options: PhiOptions
  readonly #intervals: number[] = []
  #next = 0
  #sum = 0
  #squares = 0
  #lastHeartbeatMs: number | undefined
  #lastSignMs: number | undefined

  constructor(options: PhiOptions) {
    this.#options = options
  }

  heartbeat(nowMs: number): void {
    if (this.#lastHeartbeatMs !== undefined) this.#record(nowMs - this.#lastHeartbeatMs)
    this.#lastHeartbeatMs = nowMs
    this.#lastSignMs = nowMs
  }

  signOfLife(nowMs: number): void {
    if (this.#lastSignMs !== undefined) this.#lastSignMs = nowMs
  }

  /** 0: nothing unusual. 8: once in a hundred million such waits, a living peer. At most 40. */
  phi(nowMs: number): number {
    if (this.#lastSignMs === undefined) return 0
    return phiOf(nowMs - this.#lastSignMs, this.#mean(), this.#deviation())
  }

  #record(interval: number): void {
    const oldest = this.#intervals.length < this.#options.window ? 0 : (this.#intervals[this.#next] ?? 0)
    this.#intervals[this.#next] = interval
    this.#next = (this.#next + 1) % this.#options.window
    this.#sum += interval - oldest
    this.#squares += interval * interval - oldest * oldest
  }

  #mean(): number {
    return this.#intervals.length === 0 ? this.#options.intervalMs : this.#sum / this.#intervals.length
  }

  #deviation(): number {
    const count = this.#intervals.length
    const variance = count === 0 ? 0 : Math.max(0, this.#squares / count - this.#mean() ** 2)
    return Math.max(this.#options.minDeviationMs, Math.sqrt(variance))
  }
}

function phiOf(elapsedMs: number, meanMs: number, deviationMs: number): number {
  const y = (elapsedMs - meanMs) / deviationMs
  const odds = Math.exp(-y * (1.5976 + 0.070566 * y * y))
  if (odds === 0) return ceiling
  const later = odds === Number.POSITIVE_INFINITY ? 1 : odds / (1 + odds)
  return Math.min(ceiling, Math.max(0, -Math.log10(later)))
}
