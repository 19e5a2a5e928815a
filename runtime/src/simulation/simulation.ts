/**
 * The simulator: a cluster in one process and one thread, the production kernel on every node, virtual time, and
 * everything that can go wrong drawn from one seed. The same seed gives the same history, byte for byte.
 */
import type { AnyActorType } from '../actor.ts'
import { type Address, type NodeId, nodeId } from '../address.ts'
import type { Answer, Observer } from '../kernel/ports.ts'
import { Cluster } from './cluster.ts'
import type { Victim } from './nemesis/field.ts'
import { drawMix, type NemesisMix } from './nemesis/mix.ts'
import { Nemesis } from './nemesis/nemesis.ts'
import { fairWeather, Network } from './network.ts'
import { type RunLimits, SimulationError, type SimulationOptions } from './options.ts'
import { fnv1a, type Random, seededRandom } from './random.ts'
import { Reachability } from './reachability.ts'
import { Scheduler } from './scheduler.ts'
import { SimNode } from './sim-node.ts'
import { Trace } from './trace.ts'
import type { World } from './world.ts'

export class Simulation extends Cluster {
  readonly seed: number
  readonly nodes: readonly NodeId[]
  readonly random: Random
  readonly trace: Trace
  readonly network: Network
  readonly #options: SimulationOptions
  readonly #scheduler = new Scheduler()
  protected readonly hosts: ReadonlyMap<NodeId, SimNode>
  protected readonly reachability: Reachability
  readonly #checks: ((sim: Simulation, node: NodeId) => void)[] = []
  #failure: SimulationError | undefined
  #nemesis: Nemesis | undefined
  #turns = 0
  #handled = 0

  constructor(options: SimulationOptions) {
    super()
    this.#options = options
    this.seed = options.seed
    this.nodes = options.nodes.map(nodeId)
    this.random = seededRandom(options.seed)
    this.trace = new Trace(options.trace)
    this.network = new Network(
      {
        nodes: this.nodes,
        scheduler: this.#scheduler,
        random: this.random.fork('network'),
        trace: this.trace,
        happened: this.happened,
        deliver: (from, to, frame) => this.host(to).deliver(from, frame),
      },
      { ...fairWeather, ...options.network },
    )
    const world = this.#world()
    const hosts = this.nodes.map((id, index) => new SimNode(world, id, index))
    this.hosts = new Map(hosts.map(host => [host.id, host]))
    this.reachability = new Reachability(world, hosts)
    for (const host of hosts) this.#scheduler.after(0, () => host.start())
  }

  /** Virtual milliseconds since the beginning. */
  get now(): number {
    return this.#scheduler.now
  }
  get events(): number {
    return this.#scheduler.ran
  }
  get turns(): number {
    return this.#turns
  }
  /** Messages, requests, timers and hints that actors have handled. */
  get handled(): number {
    return this.#handled
  }

  /** Runs an actor on a node, now and after each restart. */
  place(node: string, type: AnyActorType, name: string, config: unknown, group?: string): void {
    const host = this.host(node)
    const placed = { type, name, config, group }
    host.placed.push(placed)
    host.spawn(placed)
  }

  /** Through that node's kernel, as its gateway would. `timeout` also when the node dies before it answers. */
  ask(node: string, to: Address, message: unknown, timeoutMs: number, done: (answer: Answer) => void): void {
    this.host(node).ask({
      to,
      message,
      timeoutMs,
      done: answer => {
        this.trace.event('answer', this.now, 0, fnv1a(answer.outcome), 0)
        if (this.trace.written) this.trace.line({ at: this.now, kind: 'answer', node, to, message, answer })
        done(answer)
      },
    })
  }

  /** At a virtual time; at once when that is over. */
  at(ms: number, run: () => void): void {
    this.#scheduler.at(ms, run)
  }
  after(ms: number, run: () => void): void {
    this.#scheduler.after(ms, run)
  }

  /** Until a virtual time, or until a condition holds; that it never does is an error. */
  run(until: number | (() => boolean), limits: RunLimits = {}): void {
    const done = typeof until === 'function' ? until : () => false
    const endMs = typeof until === 'number' ? until : this.now + (limits.maxMs ?? 600_000)
    const maxEvents = this.#options.maxEvents ?? 20_000_000
    if (this.#failure !== undefined) throw this.#failure
    while (!done()) {
      if (this.#scheduler.nextAt() > endMs) {
        this.#timeIsUp(until, endMs)
        return
      }
      this.#step()
      if (this.#failure !== undefined) throw this.#failure
      if (this.events > maxEvents) this.#fail(`more than ${maxEvents} events`, undefined)
    }
  }

  /** Begins faults drawn from the seed, the mix as well. They go on until `heal`, and hit `victim` with preference. */
  nemesis(mix: NemesisMix = drawMix(this.random.fork('mix')), victim?: Victim): NemesisMix {
    this.#nemesis?.stop()
    this.#nemesis = new Nemesis(this, mix, this.random.fork('nemesis'), victim)
    this.#nemesis.start()
    return mix
  }

  /** Ends the fault phase: fair weather, all links whole, all nodes up. */
  heal(): void {
    this.#nemesis?.stop()
    this.#nemesis = undefined
    this.mendAll(this.#options.network)
  }

  /** Runs after every turn, with the node whose turn it was. What it throws ends the simulation. */
  check(invariant: (sim: Simulation, node: NodeId) => void): void {
    this.#checks.push(invariant)
  }

  #step(): void {
    try {
      this.#scheduler.step()
    } catch (error) {
      if (error instanceof SimulationError) throw error
      this.#fail('an event threw', error)
    }
  }

  #timeIsUp(until: number | (() => boolean), endMs: number): void {
    if (typeof until === 'function') {
      this.#fail(`the condition did not come true until ${endMs.toFixed(0)} ms`, undefined)
    }
    this.#scheduler.at(endMs, () => {})
    this.#scheduler.step()
  }

  #world(): World {
    return {
      nodes: this.nodes,
      scheduler: this.#scheduler,
      network: this.network,
      random: this.random,
      trace: this.trace,
      happened: this.happened,
      epochMs: Date.UTC(2026, 0, 1),
      limits: this.#options.limits,
      planted: this.#options.planted,
      observerOf: host => this.#observerOf(host),
      turnEnded: host => this.#turnEnded(host),
      changed: () => this.reachability.changed(),
      fail: (what, cause) => this.#fail(what, cause),
    }
  }

  #observerOf(host: SimNode): Observer {
    const outer = this.#options.observer
    return {
      deadLetter: (envelope, reason) => outer?.deadLetter?.(envelope, reason),
      escalated: (actor, error, step) => outer?.escalated?.(actor, error, step),
      turnEnded: report => {
        this.#handled += report.events
        outer?.turnEnded?.(report)
      },
      note: (actor, name, attributes, now) => {
        this.trace.event('note', this.now, host.index, fnv1a(name), fnv1a(actor))
        if (this.trace.written) {
          this.trace.line({ at: this.now, kind: 'note', node: host.id, actor, name, attributes })
        }
        outer?.note?.(actor, name, attributes, now)
      },
      failed: (actor, error, restarts) => {
        outer?.failed?.(actor, error, restarts)
        if (this.#options.mayFail?.(actor, error)) return
        // An observer must not throw: the loop sees it after this event.
        this.#failure ??= new SimulationError(this.seed, this.now, `${actor} failed`, error)
      },
    }
  }

  #turnEnded(host: SimNode): void {
    this.#turns += 1
    for (const check of this.#checks) {
      try {
        check(this, host.id)
      } catch (error) {
        this.#fail(`an invariant is broken after a turn of ${host.id}`, error)
      }
    }
  }

  #fail(what: string, cause: unknown): never {
    this.#failure ??= new SimulationError(this.seed, this.now, what, cause)
    throw this.#failure
  }
}
