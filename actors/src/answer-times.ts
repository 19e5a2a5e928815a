/**
 * How long each group takes to answer, as its asker has seen: the retransmission timer of RFC 6298 (Jacobson 1988).
 * Who asks again sooner than answers come adds work where there is too much of it already, and makes answers later
 * still: a cluster that was asked for five times what it can do then spent most of its time on repetitions.
 */

interface Times {
  /** In milliseconds: how long answers take, and how far they are from that. Undefined until the first one. */
  readonly answers: { readonly meanMs: number; readonly deviationMs: number } | undefined
  /** The longest that was waited in vain since the last of them; 0: not at all. */
  readonly silentMs: number
}
/** By group. */
export type AnswerTimes = Map<string, Times>

export interface Patience {
  /** Waited before the first repetition where answers come quickly, and where nothing is known yet; then doubling. */
  readonly firstMs: number
  readonly mostMs: number
}

/** Nobody waits longer because answers take long: what is slow for everyone may be lost for one. */
const longestMs = 3_000

/**
 * `ms`: since it was asked, `sends` times by now. Of what was asked again nobody can tell which time is answered
 * (Karn's algorithm): taken from the first one, each lost message would lengthen the wait for the next, which
 * lengthens it again.
 */
export function noteAnswer(times: AnswerTimes, group: string, ms: number, sends: number): void {
  if (sends !== 1) return
  const known = times.get(group)?.answers
  if (known === undefined) {
    times.set(group, { answers: { meanMs: ms, deviationMs: ms / 2 }, silentMs: 0 })
    return
  }
  const meanMs = known.meanMs + (ms - known.meanMs) / 8
  const deviationMs = known.deviationMs + (Math.abs(ms - known.meanMs) - known.deviationMs) / 4
  times.set(group, { answers: { meanMs, deviationMs }, silentMs: 0 })
}

/**
 * None came within `ms`: it takes longer than that, as far as anybody knows, until something asked once is answered.
 */
export function noteSilence(times: AnswerTimes, group: string, ms: number): void {
  const known = times.get(group)
  if (ms > (known?.silentMs ?? 0)) times.set(group, { answers: known?.answers, silentMs: ms })
}

/** Within this long nearly all answers come; 0: nothing is known yet. */
export function usualMs(times: AnswerTimes, group: string): number {
  const answers = times.get(group)?.answers
  return answers === undefined ? 0 : Math.min(answers.meanMs + 4 * answers.deviationMs, longestMs)
}

/** How long to wait for an answer to the `sends`-th sending, from 1. */
export function patienceMs(times: AnswerTimes, group: string, sends: number, patience: Patience): number {
  const { silentMs = 0 } = times.get(group) ?? {}
  const expected = Math.max(usualMs(times, group), 2 * silentMs)
  const doubled = Math.min(patience.firstMs * 2 ** Math.min(sends - 1, 10), patience.mostMs)
  return Math.max(doubled, Math.min(expected, longestMs))
}
