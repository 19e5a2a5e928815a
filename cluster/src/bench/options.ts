/** What every bench is given. */
export interface BenchOptions {
  /** Measured seconds of each line; the warm-up comes before. */
  readonly seconds: number
  /** Callers of the put bench, instead of its own. */
  readonly callers?: readonly number[]
  /** Of the failover bench, instead of its own. */
  readonly kills?: number
  /** Of each kind, of the size and ready benches, instead of their own. */
  readonly rows?: number
  /** What is being measured now, for the person who waits. */
  progress(what: string): void
}
