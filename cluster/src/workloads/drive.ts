/**
 * Lets users step through a workload for a while. Closed loop: each user begins the next step when the last has ended.
 * Open loop (`rate`): steps have a time at which they are due, whatever the cluster does; users take the next one that
 * is due, and a step that begins late is measured from when it was due, so that a stalled cluster is not flattered.
 */
import { Histogram } from './histogram.ts'
import type { Step, StepOutcome, Workload } from './workload.ts'

export interface Pace {
  readonly users: number
  readonly seconds: number
  /** Steps a second; undefined: as fast as the users go. */
  readonly rate: number | undefined
}

/** What happened in a stretch of time. */
export interface Stretch {
  readonly second: number
  readonly outcomes: Record<StepOutcome, number>
  readonly p50Ms: number
  readonly p99Ms: number
}
export interface Totals {
  readonly seconds: number
  readonly outcomes: Record<StepOutcome, number>
  readonly reasons: Record<string, number>
  /** Of steps that are `ok`, in microseconds. */
  readonly latency: Histogram
  readonly series: readonly Stretch[]
  /** Steps that were due and not even begun when time was up: more users are needed, or a faster cluster. */
  readonly missed: number
  readonly ended: 'time' | 'nothing left' | 'stopped'
}

const noOutcomes = (): Record<StepOutcome, number> => ({ ok: 0, refused: 0, unavailable: 0, unknown: 0 })
/** Where nobody answers, asking again at once would only heat the machine. */
const pauseMs = 50

export async function drive(
  workload: Workload,
  pace: Pace,
  onStretch: (stretch: Stretch) => void,
  stop: AbortSignal,
): Promise<Totals> {
  const meter = new Meter(onStretch)
  const until = meter.began + pace.seconds * 1_000
  const arrivals = pace.rate === undefined ? undefined : new Arrivals(meter.began, pace.rate, pace.seconds)
  let nothingLeft = false
  const user = async (number: number): Promise<void> => {
    while (!nothingLeft && !stop.aborted && performance.now() < until) {
      const due = arrivals?.take()
      if (due === 'over') return
      if (due !== undefined) await sleepUntil(due)
      const began = due ?? performance.now()
      const step = workload.step(number)
      if (step === undefined) {
        nothingLeft = true
        return
      }
      const done = await step
      meter.count(done, done.ms ?? performance.now() - began)
      if (done.outcome === 'unavailable') await sleepUntil(performance.now() + pauseMs)
    }
  }
  await Promise.all(Array.from({ length: pace.users }, (_, number) => user(number)))
  const ended = stop.aborted ? 'stopped' : nothingLeft ? 'nothing left' : 'time'
  return meter.totals(ended, ended === 'time' ? (arrivals?.left() ?? 0) : 0)
}

/** The times at which steps are due, evenly spread. */
class Arrivals {
  readonly #began: number
  readonly #rate: number
  readonly #count: number
  #taken = 0

  constructor(began: number, rate: number, seconds: number) {
    this.#began = began
    this.#rate = rate
    this.#count = Math.ceil(rate * seconds)
  }

  take(): number | 'over' {
    if (this.#taken >= this.#count) return 'over'
    return this.#began + (this.#taken++ * 1_000) / this.#rate
  }

  left(): number {
    return this.#count - this.#taken
  }
}

function sleepUntil(at: number): Promise<void> | undefined {
  const left = at - performance.now()
  return left <= 0 ? undefined : new Promise(resolve => setTimeout(resolve, left))
}

class Meter {
  readonly began = performance.now()
  readonly #onStretch: (stretch: Stretch) => void
  readonly #outcomes = noOutcomes()
  readonly #reasons: Record<string, number> = {}
  readonly #latency = new Histogram()
  readonly #series: Stretch[] = []
  readonly #ticker: NodeJS.Timeout
  #stretch = { outcomes: noOutcomes(), latency: new Histogram() }
  #lastOk = this.began

  constructor(onStretch: (stretch: Stretch) => void) {
    this.#onStretch = onStretch
    this.#ticker = setInterval(() => this.#tick(), 1_000)
  }

  count({ outcome, reason }: Step, ms: number): void {
    this.#outcomes[outcome] += 1
    this.#stretch.outcomes[outcome] += 1
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1
    if (outcome !== 'ok') return
    this.#lastOk = performance.now()
    this.#latency.record(ms * 1_000)
    this.#stretch.latency.record(ms * 1_000)
  }

  #tick(): void {
    const { outcomes, latency } = this.#stretch
    const stretch: Stretch = {
      second: this.#series.length + 1,
      outcomes,
      p50Ms: latency.percentile(0.5) / 1_000,
      p99Ms: latency.percentile(0.99) / 1_000,
    }
    this.#stretch = { outcomes: noOutcomes(), latency: new Histogram() }
    this.#series.push(stretch)
    this.#onStretch(stretch)
  }

  totals(ended: Totals['ended'], missed: number): Totals {
    clearInterval(this.#ticker)
    // Users that wait for a last answer do not make the others slower: the time counts up to what was done last.
    const end = ended === 'time' ? performance.now() : this.#lastOk
    return {
      seconds: (end - this.began) / 1_000,
      outcomes: this.#outcomes,
      reasons: this.#reasons,
      latency: this.#latency,
      series: this.#series,
      missed,
      ended,
    }
  }
}
