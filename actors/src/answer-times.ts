/**
 * How long each group takes to answer, as its asker has seen: the retransmission timer of RFC 6298 (Jacobson 1988).
 * Who asks again sooner than answers come adds work where there is too much of it already, and makes answers later
 * still: a cluster that was asked for five times what it can do then spent most of its time on repetitions.
 */

/** By group, in milliseconds: how long answers take, and how far they are from that. */
export type AnswerTimes = Map<string, { readonly meanMs: number; readonly deviationMs: number }>

export interface Patience {
  /** Waited before the first repetition where answers come quickly, and where nothing is known yet; then doubling. */
  readonly firstMs: number
  readonly mostMs: number
}

/** Nobody waits longer because answers take long: what is slow for everyone may be lost for one. */
const longestMs = 3_000

/** `ms`: from the first time it was asked, so that lost messages count as slow ones. */
export function noteAnswer(times: AnswerTimes, group: string, ms: number): void {
  const known = times.get(group)
  if (known === undefined) {
    times.set(group, { meanMs: ms, deviationMs: ms / 2 })
    return
  }
  const { meanMs, deviationMs } = known
  times.set(group, {
    meanMs: meanMs + (ms - meanMs) / 8,
    deviationMs: deviationMs + (Math.abs(ms - meanMs) - deviationMs) / 4,
  })
}

/** None came within `ms`: it takes longer than that, as far as anybody knows. */
export function noteSilence(times: AnswerTimes, group: string, ms: number): void {
  if (ms > (times.get(group)?.meanMs ?? 0)) noteAnswer(times, group, ms)
}

/** How long to wait for an answer to the `sends`-th sending, from 1. */
export function patienceMs(times: AnswerTimes, group: string, sends: number, patience: Patience): number {
  const known = times.get(group)
  const expected = known === undefined ? 0 : known.meanMs + 4 * known.deviationMs
  const doubled = Math.min(patience.firstMs * 2 ** Math.min(sends - 1, 10), patience.mostMs)
  return Math.max(doubled, Math.min(expected, longestMs))
}
