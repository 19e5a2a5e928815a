/**
 * Draws faults from the seed and plays them, until it is stopped. Crashes and pauses take at most a minority of the
 * nodes at once, so that there is something to break; a mix may say otherwise.
 */
import type { NodeId } from '../address.ts'
import { fairWeather } from './network.ts'
import type { Random } from './random.ts'
import type { Simulation } from './simulation.ts'

export interface NemesisMix {
  /** Mean milliseconds between two faults. */
  readonly everyMs: number
  /** Highest probabilities of bad weather. */
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
  readonly maxDelayMs: number
  readonly cuts: boolean
  readonly partitions: boolean
  readonly crashes: boolean
  readonly pauses: boolean
  readonly skew: boolean
  readonly disk: boolean
  /** Also a majority, or all nodes, may crash at once. */
  readonly all: boolean
}

export const noFaults: NemesisMix = {
  everyMs: 500,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  maxDelayMs: 1,
  cuts: false,
  partitions: false,
  crashes: false,
  pauses: false,
  skew: false,
  disk: false,
  all: false,
}

/** Few kinds at a time find other bugs than all at once: every kind is in about two mixes of three. */
export function drawMix(random: Random): NemesisMix {
  const often = () => random.chance(0.65)
  return {
    everyMs: random.pick([100, 300, 800, 2000]),
    loss: often() ? random.pick([0.01, 0.05, 0.15, 0.3]) : 0,
    duplicate: often() ? random.pick([0.01, 0.05, 0.2]) : 0,
    reorder: often() ? random.pick([0.01, 0.1, 0.3]) : 0,
    maxDelayMs: random.pick([1, 1, 5, 30]),
    cuts: often(),
    partitions: often(),
    crashes: often(),
    pauses: often(),
    skew: often(),
    disk: often(),
    all: random.chance(0.15),
  }
}

/** Whom faults hit with preference: the leader of the moment. */
export type Victim = () => NodeId | undefined

type Fault = (random: Random) => void

export class Nemesis {
  readonly #sim: Simulation
  readonly #mix: NemesisMix
  readonly #random: Random
  readonly #victim: Victim
  readonly #faults: Fault[]
  /** Nodes that a fault has taken out, until it gives them back. */
  readonly #taken = new Set<NodeId>()
  #running = false

  constructor(sim: Simulation, mix: NemesisMix, random: Random, victim: Victim = () => undefined) {
    this.#sim = sim
    this.#mix = mix
    this.#random = random
    this.#victim = victim
    this.#faults = this.#chosen()
  }

  start(): void {
    this.#running = true
    this.#changeWeather()
    this.#next()
  }

  /** What is broken stays broken; `heal` mends it. */
  stop(): void {
    this.#running = false
  }

  #next(): void {
    if (this.#faults.length === 0) return
    // Exponentially distributed gaps: faults also come in quick succession.
    const gapMs = -Math.log(1 - this.#random.next()) * this.#mix.everyMs
    this.#later(gapMs, () => {
      this.#random.pick(this.#faults)(this.#random)
      this.#next()
    })
  }

  #later(ms: number, run: () => void): void {
    this.#sim.after(ms, () => {
      if (this.#running) run()
    })
  }

  #chosen(): Fault[] {
    const mix = this.#mix
    const faults: Fault[] = []
    const weather = mix.loss + mix.duplicate + mix.reorder > 0 || mix.maxDelayMs > fairWeather.maxDelayMs
    if (weather) faults.push(() => this.#changeWeather())
    if (mix.crashes) faults.push(() => this.#crash())
    if (mix.pauses) faults.push(() => this.#pause())
    if (mix.skew) faults.push(random => this.#sim.skewClock(this.#node(), random.between(-10_000, 10_000)))
    if (mix.disk) faults.push(() => this.#slowDisk())
    if (mix.disk && mix.crashes) faults.push(() => this.#failCommit())
    if (this.#sim.nodes.length > 1) {
      if (mix.cuts) faults.push(() => this.#cutOneWay())
      if (mix.partitions) faults.push(() => this.#partition())
    }
    return faults
  }

  #changeWeather(): void {
    const random = this.#random
    const mix = this.#mix
    const upTo = (most: number) => (random.chance(0.7) ? random.next() * most : 0)
    const maxDelayMs = random.chance(0.5) ? mix.maxDelayMs : fairWeather.maxDelayMs
    this.#sim.network.weather = {
      minDelayMs: fairWeather.minDelayMs,
      maxDelayMs,
      loss: upTo(mix.loss),
      duplicate: upTo(mix.duplicate),
      reorder: upTo(mix.reorder),
    }
  }

  #crash(): void {
    const node = this.#take()
    if (node === undefined) return
    this.#sim.crash(node, { at: this.#random.pick(['now', 'beforeCommit', 'afterCommit'] as const) })
    this.#restartLater(node)
  }

  #failCommit(): void {
    const node = this.#take()
    if (node === undefined) return
    this.#sim.failCommit(node)
    this.#restartLater(node)
  }

  /** A fault that waits for the next commit may never have struck: then the node is simply given back. */
  #restartLater(node: NodeId): void {
    this.#later(this.#lasting(), () => {
      if (this.#sim.status(node) !== 'down') this.#sim.crash(node)
      this.#sim.restart(node)
      this.#giveBackWhenUp(node)
    })
  }

  #giveBackWhenUp(node: NodeId): void {
    this.#later(50, () => {
      if (this.#sim.status(node) === 'running') this.#taken.delete(node)
      else this.#giveBackWhenUp(node)
    })
  }

  #pause(): void {
    const node = this.#take()
    if (node === undefined) return
    const ms = this.#lasting()
    this.#sim.pause(node, ms)
    this.#later(ms, () => this.#taken.delete(node))
  }

  #slowDisk(): void {
    const node = this.#node()
    this.#sim.slowDisk(node, this.#random.between(5, 100))
    this.#later(this.#lasting(), () => this.#sim.slowDisk(node, 0))
  }

  #cutOneWay(): void {
    const one = this.#node()
    const other = this.#random.pick(this.#sim.nodes.filter(node => node !== one))
    const [from, to] = this.#random.chance(0.5) ? [one, other] : [other, one]
    this.#sim.cut(from, to)
    this.#later(this.#lasting(), () => this.#sim.mend(from, to))
  }

  #partition(): void {
    // One node alone, or two sides of any size.
    const alone = this.#random.chance(0.5)
    const first = this.#node()
    const others = this.#random.shuffle(this.#sim.nodes.filter(node => node !== first))
    const size = alone ? 0 : this.#random.integer(0, others.length - 1)
    const left = [first, ...others.slice(0, size)]
    const right = others.slice(size)
    this.#sim.partition(left, right)
    this.#later(this.#lasting(), () => {
      for (const one of left) {
        for (const other of right) {
          this.#sim.mend(one, other)
          this.#sim.mend(other, one)
        }
      }
    })
  }

  /** Mostly shorter than usual time-outs, or about as long; sometimes longer than any. */
  #lasting(): number {
    const random = this.#random
    const [from, to] = random.pick([
      [10, 300],
      [10, 300],
      [300, 1500],
      [300, 1500],
      [1500, 5000],
    ] as const)
    return random.between(from, to)
  }

  #node(): NodeId {
    const victim = this.#random.chance(0.4) ? this.#victim() : undefined
    return victim ?? this.#random.pick(this.#sim.nodes)
  }

  /** A node to take out, unless too many are out already. */
  #take(): NodeId | undefined {
    const { nodes } = this.#sim
    const most = this.#mix.all ? nodes.length : Math.max(1, Math.ceil(nodes.length / 2) - 1)
    const node = this.#node()
    if (this.#taken.size >= most || this.#taken.has(node)) return undefined
    this.#taken.add(node)
    return node
  }
}
