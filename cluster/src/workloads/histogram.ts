/**
 * Counts of durations in buckets that grow with what they hold (as HdrHistogram): a fixed few kilobytes, any number of
 * values, percentiles that are at most 1/16 too high.
 */
const subBuckets = 32
const exponents = 32

export class Histogram {
  readonly #counts = new Uint32Array(subBuckets * exponents)
  #total = 0
  #sum = 0
  #max = 0

  get count(): number {
    return this.#total
  }
  get max(): number {
    return this.#max
  }
  get mean(): number {
    return this.#total === 0 ? 0 : this.#sum / this.#total
  }

  /** A whole number of microseconds, or anything else that is counted from 0. */
  record(value: number): void {
    const whole = Math.max(0, Math.round(value))
    const at = bucketOf(whole)
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#total += 1
    this.#sum += whole
    this.#max = Math.max(this.#max, whole)
  }

  /** The upper end of the bucket that holds the value of this rank; `share` from 0 to 1. 0 when there are no values. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#total))
    let seen = 0
    for (const [at, count] of this.#counts.entries()) {
      seen += count
      if (seen >= rank) return Math.min(upperEnd(at), this.#max)
    }
    return 0
  }
}

/** Below 32 each value has its own bucket; above, each doubling has 32 buckets. */
function bucketOf(value: number): number {
  const exponent = Math.max(0, Math.floor(Math.log2(value)) - 4)
  if (exponent === 0) return value
  const sub = Math.floor(value / 2 ** exponent) - subBuckets / 2
  return Math.min(subBuckets * exponents - 1, (exponent + 1) * (subBuckets / 2) + sub)
}

function upperEnd(bucket: number): number {
  if (bucket < subBuckets) return bucket
  const half = subBuckets / 2
  const exponent = Math.floor(bucket / half) - 1
  return ((bucket % half) + half + 1) * 2 ** exponent - 1
}
