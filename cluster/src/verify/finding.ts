/** What a check of the cluster found. Only `ok` is a proof; `unknown` says why there is none. */
export type Verdict = 'ok' | 'violated' | 'unknown'

export interface Finding {
  /** The property, as in SPEC.md: `replicas`, `conservation`. */
  readonly check: string
  readonly verdict: Verdict
  readonly detail: string
  /** The counterexample, or what the proof rests on. */
  readonly evidence?: unknown
}

/** A violation weighs more than a doubt, and a doubt more than any number of proofs. */
export function worst(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === 'violated')) return 'violated'
  if (findings.length === 0 || findings.some(({ verdict }) => verdict === 'unknown')) return 'unknown'
  return 'ok'
}
