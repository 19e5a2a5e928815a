/**
 * Draws faults from the seed and plays them, until it is stopped. Crashes and pauses take at most a minority of the
 * nodes at once, so that there is something to break; a mix may say otherwise.
 */
import { fairWeather } from '../network.ts'
import type { Random } from '../random.ts'
import type { Simulation } from '../simulation.ts'
import { diskFaults } from './disk-faults.ts'
import { type Fault, Field, type Victim } from './field.ts'
import { linkFaults } from './link-faults.ts'
import { type FaultKind, kindsOf, type NemesisMix, weatherKinds } from './mix.ts'
import { nodeFaults } from './node-faults.ts'

const played: Readonly<Record<FaultKind, Fault>> = { ...linkFaults, ...nodeFaults, ...diskFaults }

export class Nemesis {
  readonly #mix: NemesisMix
  readonly #field: Field
  readonly #faults: Fault[]

  constructor(sim: Simulation, mix: NemesisMix, random: Random, victim: Victim = () => undefined) {
    const { length } = sim.nodes
    this.#mix = mix
    this.#field = new Field(sim, random, mix.all ? length : Math.max(1, Math.ceil(length / 2) - 1), victim)
    this.#faults = this.#chosen(length)
  }

  start(): void {
    this.#changeWeather()
    this.#next()
  }

  /** What is broken stays broken; `heal` mends it. */
  stop(): void {
    this.#field.close()
  }

  #next(): void {
    if (this.#faults.length === 0) return
    const { random } = this.#field
    // Exponentially distributed gaps: faults also come in quick succession.
    const gapMs = -Math.log(1 - random.next()) * this.#mix.everyMs
    this.#field.later(gapMs, () => {
      random.pick(this.#faults)(this.#field)
      this.#next()
    })
  }

  #chosen(nodes: number): Fault[] {
    const kinds = this.#mix.faults.filter(kind => nodes > 1 || !(kind in linkFaults))
    const faults = kinds.map(kind => played[kind])
    const weather: readonly string[] = weatherKinds
    if (kindsOf(this.#mix).some(kind => weather.includes(kind))) faults.push(() => this.#changeWeather())
    return faults
  }

  #changeWeather(): void {
    const { random, sim } = this.#field
    const mix = this.#mix
    const upTo = (most: number) => (random.chance(0.7) ? random.next() * most : 0)
    const maxDelayMs = random.chance(0.5) ? mix.maxDelayMs : fairWeather.maxDelayMs
    sim.network.weather = {
      minDelayMs: fairWeather.minDelayMs,
      maxDelayMs,
      loss: upTo(mix.loss),
      duplicate: upTo(mix.duplicate),
      reorder: upTo(mix.reorder),
    }
  }
}
