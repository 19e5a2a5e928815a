/**
 * What a simulation suite is: a function of a seed. The seed draws the cluster, the workload and the faults; a run
 * that breaks a promise throws, one that returns has kept them all.
 */
import { type NodeId, nodeId } from '@synod/runtime/protocol'
import {
  drawMix,
  kindsOf,
  type NemesisMix,
  type Random,
  Simulation,
  type SimulationOptions,
  seededRandom,
  type TraceSink,
  without,
} from '@synod/runtime/simulation'

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

/** What is taken from what a seed draws, to see a failure in a smaller history. */
export interface Less {
  /** Kinds of faults that do not happen. */
  readonly without?: readonly string[]
  readonly mostClients?: number
}

export interface RunOptions extends Less {
  readonly planted?: string
  readonly trace?: TraceSink
}

/** Host faults that suites plant by name. */
const hostBugs = ['ackBeforeCommit', 'damageIgnored', 'sightingsNotLearnt'] as const

/** One seed of a suite. */
export class Run {
  readonly seed: number
  readonly random: Random
  readonly planted: string | undefined
  readonly goals = new Map<string, number>()
  /** What the seed drew; printed when the run fails, and when it is replayed. */
  readonly setup: Record<string, unknown> = {}
  /** The kinds of faults that this run has. */
  readonly kinds: string[] = []
  readonly #options: RunOptions
  readonly #without: ReadonlySet<string>
  #sim: Simulation | undefined

  constructor(seed: number, options: RunOptions = {}) {
    this.seed = seed
    this.random = seededRandom(seed).fork('suite')
    this.planted = options.planted
    this.#options = options
    this.#without = new Set(options.without)
  }

  get sim(): Simulation {
    if (this.#sim === undefined) throw new Error('the suite has not made its simulation yet')
    return this.#sim
  }
  get begun(): boolean {
    return this.#sim !== undefined
  }

  reached(goal: string, times = 1): void {
    if (times > 0) this.goals.set(goal, (this.goals.get(goal) ?? 0) + times)
  }

  /** Makes the simulation of this run, of nodes `n1` to `n<size>`; what actors note counts as reached. */
  simulate(size: number): { readonly sim: Simulation; readonly nodes: readonly NodeId[] } {
    const nodes = Array.from({ length: size }, (_, index) => nodeId(`n${index + 1}`))
    const observer = { note: (_actor: unknown, name: string) => this.reached(name) }
    this.#sim = new Simulation({ ...this.#simOptions(), nodes, observer })
    return { sim: this.#sim, nodes }
  }

  #simOptions(): Pick<SimulationOptions, 'seed' | 'trace' | 'planted'> {
    const { trace } = this.#options
    const planted = hostBugs.find(bug => bug === this.planted)
    return {
      seed: this.seed,
      ...(trace === undefined ? {} : { trace }),
      ...(planted === undefined ? {} : { planted }),
    }
  }

  clients(drawn: number): number {
    return Math.min(drawn, this.#options.mostClients ?? drawn)
  }

  /** Begins the faults that the seed draws. */
  faults(victim?: Parameters<Simulation['nemesis']>[1]): NemesisMix {
    const drawn = drawMix(this.sim.random.fork('mix'))
    const mix = this.sim.nemesis(without(drawn, this.#without), victim)
    this.kinds.push(...kindsOf(mix))
    return mix
  }

  /** Whether this run has a kind of fault that the suite itself plays. */
  has(kind: string): boolean {
    if (this.#without.has(kind)) return false
    if (!this.kinds.includes(kind)) this.kinds.push(kind)
    return true
  }
}
