/**
 * What a simulation suite is: a function of a seed. The seed draws the cluster, the workload and the faults; a run
 * that breaks a promise throws, one that returns has kept them all.
 */
import { type Random, type Simulation, seededRandom, type TraceSink } from '@synod/runtime/simulation'

export interface Suite {
  readonly name: string
  /** One line: what it runs and what must hold. */
  readonly about: string
  /** What must happen at least once in a batch, so that no suite passes because nothing happened. */
  readonly goals: readonly string[]
  /** Bugs that can be put in on purpose; each must be caught, so that the suite is seen to fail. */
  readonly planted: readonly string[]
  run(run: Run): void
}

/** One seed of a suite. */
export class Run {
  readonly seed: number
  readonly random: Random
  readonly planted: string | undefined
  readonly trace: TraceSink | undefined
  readonly goals = new Map<string, number>()
  /** What the seed drew; printed when the run fails. */
  readonly setup: Record<string, unknown> = {}
  #sim: Simulation | undefined

  constructor(seed: number, planted?: string, trace?: TraceSink) {
    this.seed = seed
    this.random = seededRandom(seed).fork('suite')
    this.planted = planted
    this.trace = trace
  }

  get sim(): Simulation {
    if (this.#sim === undefined) throw new Error('the suite has not made its simulation yet')
    return this.#sim
  }
  set sim(sim: Simulation) {
    this.#sim = sim
  }
  get begun(): boolean {
    return this.#sim !== undefined
  }

  reached(goal: string, times = 1): void {
    if (times > 0) this.goals.set(goal, (this.goals.get(goal) ?? 0) + times)
  }

  /** Options that every simulation of this run needs. */
  options(): { seed: number; trace?: TraceSink } {
    return this.trace === undefined ? { seed: this.seed } : { seed: this.seed, trace: this.trace }
  }
}
