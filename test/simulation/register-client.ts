/**
 * A client of a replicated group of registers: one operation after the other, each retried through other nodes until
 * it is answered or its patience ends. Keeps the history as it saw it.
 */

import { type Address, type Json, nodeOf } from '@synod/runtime/protocol'
import type { Random, Simulation } from '@synod/runtime/simulation'
import type { Operation } from './linearizable.ts'
import type { Action, Ask, Command, Reply } from './machines/registers.ts'

export interface Recorded extends Operation {
  readonly client: string
  readonly key: string
}

export interface ClientPorts {
  readonly sim: Simulation
  readonly random: Random
  /** Front doors of all members. */
  readonly doors: readonly Address[]
  readonly keys: readonly string[]
  /** New operations are begun until then. */
  readonly untilMs: number
  readonly patienceMs: number
  readonly padding: number
  /** A command is about to be asked for. */
  proposes(command: Command): void
  reached(goal: string): void
}

interface Current {
  readonly ask: Ask
  readonly key: string
  readonly called: number
  readonly giveUpMs: number
}

export class RegisterClient {
  readonly history: Recorded[] = []
  /** Appends by key, and whether they were acknowledged. */
  readonly appends: { readonly key: string; readonly value: number; readonly acknowledged: boolean }[] = []
  readonly #ports: ClientPorts
  readonly #number: number
  /** Share of reads. Who only reads stays with a leader that has lost the others, and must not see the past. */
  readonly #reads: number
  #life = 1
  #sequence = 0
  #values = 0
  #door: Address
  #current: Current | undefined

  constructor(ports: ClientPorts, number: number) {
    this.#ports = ports
    this.#number = number
    this.#door = ports.random.pick(ports.doors)
    this.#reads = ports.random.pick([0.1, 0.4, 0.98])
  }

  get done(): boolean {
    return this.#current === undefined && this.#ports.sim.now >= this.#ports.untilMs
  }

  /** One that gave up goes on as another: it cannot know whether its last operation still happens. */
  get #name(): string {
    return `c${this.#number}.${this.#life}`
  }

  next(): void {
    const { sim, untilMs, patienceMs, random } = this.#ports
    if (sim.now >= untilMs) return
    const key = random.pick(this.#ports.keys)
    const ask: Ask = random.chance(this.#reads) ? { type: 'read', key } : this.#command(key)
    this.#current = { ask, key, called: sim.now, giveUpMs: sim.now + patienceMs }
    this.#attempt(this.#current)
  }

  #command(key: string): Ask {
    const { random, padding } = this.#ports
    this.#sequence += 1
    const command: Command = {
      client: this.#name,
      sequence: this.#sequence,
      action: this.#action(key),
      ...(padding > 0 ? { padding: '.'.repeat(random.integer(0, padding)) } : {}),
    }
    this.#ports.proposes(command)
    return { type: 'run', command }
  }

  #action(key: string): Action {
    const { random } = this.#ports
    this.#values += 1
    const value = this.#number * 100_000 + this.#values
    if (random.chance(0.03)) return { op: 'poison', key }
    if (key.startsWith('list')) return { op: 'append', key, value }
    if (random.chance(0.6)) return { op: 'put', key, value }
    return { op: 'cas', key, from: this.#guess(key), value }
  }

  /** What this client saw last there, so that a cas has a chance. */
  #guess(key: string): number {
    for (let index = this.history.length - 1; index >= 0; index--) {
      const { key: other, op, output, value } = this.history[index] as Recorded
      if (other !== key) continue
      const seen = op === 'get' ? output : value
      if (typeof seen === 'number') return seen
    }
    return 0
  }

  #attempt(current: Current): void {
    const { sim, random } = this.#ports
    if (sim.now >= current.giveUpMs) {
      this.#finish(current, undefined)
      return
    }
    // Through the front door's own node, or across the mesh.
    const stays = this.#reads > 0.9 || random.chance(0.5)
    const through = stays ? nodeOf(this.#door) : random.pick(sim.nodes)
    // The impatient find a new leader while the old one still believes in itself.
    const timeoutMs = random.pick([60, 200, 1000])
    sim.ask(through, this.#door, current.ask, timeoutMs, answer => {
      const reply = answer.outcome === 'answered' ? (answer.result as Reply) : undefined
      if (reply?.status === 'done') {
        this.#finish(current, reply)
        return
      }
      this.#ports.reached(reply?.status ?? answer.outcome)
      this.#turnElsewhere(reply)
      sim.after(random.between(1, 50), () => this.#attempt(current))
    })
  }

  #turnElsewhere(reply: Reply | undefined): void {
    const { random, doors } = this.#ports
    const hinted =
      reply?.status === 'notLeader' ? doors.find(door => nodeOf(door) === reply.leader) : undefined
    this.#door = hinted !== undefined && random.chance(0.8) ? hinted : random.pick(doors)
  }

  #finish(current: Current, reply: { readonly output: Json } | undefined): void {
    const { sim } = this.#ports
    this.#current = undefined
    this.#record(current, reply)
    if (reply === undefined) {
      this.#life += 1
      this.#sequence = 0
      this.#ports.reached('gave up')
    }
    sim.after(this.#ports.random.between(0, 20), () => this.next())
  }

  #record({ ask, key, called }: Current, reply: { readonly output: Json } | undefined): void {
    const times = { called, returned: reply === undefined ? Number.POSITIVE_INFINITY : this.#ports.sim.now }
    const common = { client: this.#name, key, ...times }
    if (ask.type === 'read') {
      if (reply !== undefined) this.history.push({ ...common, op: 'get', output: reply.output })
      return
    }
    const { action } = ask.command
    switch (action.op) {
      case 'append':
        this.appends.push({ key, value: action.value, acknowledged: reply !== undefined })
        break
      case 'put':
        this.history.push({ ...common, op: 'put', value: action.value })
        break
      case 'cas': {
        const swapped = reply === undefined ? {} : { swapped: reply.output === true }
        this.history.push({ ...common, op: 'cas', from: action.from, value: action.value, ...swapped })
        break
      }
      case 'poison':
        break
    }
  }
}
