/**
 * The simulator: a cluster in one process and one thread, the production kernel on every node, virtual time, and
 * everything that can go wrong drawn from one seed. The same seed gives the same history, byte for byte.
 */
import type { AnyActorType } from '../actor.ts'
import { type Address, actorOf, type NodeId, nodeId, nodeOf } from '../address.ts'
import type { FaultPlane } from '../faults/plane.ts'
import type { Answer, Limits, Observer } from '../kernel/ports.ts'
import type { MemoryStorage } from '../storage/memory.ts'
import { drawMix, Nemesis, type NemesisMix, type Victim } from './nemesis.ts'
import { fairWeather, Network, type Weather } from './network.ts'
import { fnv1a, type Random, seededRandom } from './random.ts'
import { Reachability } from './reachability.ts'
import { Scheduler } from './scheduler.ts'
import { type CrashPoint, type PlantedFault, SimNode } from './sim-node.ts'
import { Trace, type TraceSink } from './trace.ts'
import type { World } from './world.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly nodes: readonly string[]
  readonly network?: Partial<Weather>
  readonly observer?: Observer
  readonly limits?: Partial<Limits>
  /** Receives every event as a line. */
  readonly trace?: TraceSink
  /** More events than this are taken for a loop that never ends; default 20 million. */
  readonly maxEvents?: number
  /** A fault in the host itself, on purpose: only to show that the simulation finds it. */
  readonly planted?: PlantedFault
  /** An actor that throws ends the simulation, unless this allows it. */
  readonly mayFail?: (actor: Address, error: Error) => boolean
}

export interface CrashOptions {
  /** Default: now, between two turns. Else in the next turn that reaches this point. */
  readonly at?: CrashPoint | 'now'
  /** The disk is lost with the node. */
  readonly wipe?: boolean
  /** The folder is replaced by this older copy. */
  readonly rollback?: MemoryStorage
}

export interface RunLimits {
  /** Most virtual milliseconds from now; default 10 minutes. */
  readonly maxMs?: number
}

/** What ends a simulation: always names the seed. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  readonly seed: number
  readonly atMs: number

  constructor(seed: number, atMs: number, what: string, cause?: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    super(`seed ${seed}, at ${atMs.toFixed(3)} ms: ${what}${why}`, { cause })
    this.seed = seed
    this.atMs = atMs
  }
}

export class Simulation {
  readonly seed: number
  readonly nodes: readonly NodeId[]
  readonly random: Random
  readonly trace: Trace
  readonly network: Network
  readonly #options: SimulationOptions
  readonly #scheduler = new Scheduler()
  readonly #hosts: readonly SimNode[]
  readonly #byId: ReadonlyMap<NodeId, SimNode>
  readonly #reachability: Reachability
  readonly #checks: ((sim: Simulation, node: NodeId) => void)[] = []
  #failure: SimulationError | undefined
  #nemesis: Nemesis | undefined
  #turns = 0

  constructor(options: SimulationOptions) {
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
        deliver: (from, to, frame) => this.#host(to).deliver(from, frame),
      },
      { ...fairWeather, ...options.network },
    )
    const world = this.#world()
    this.#hosts = this.nodes.map((id, index) => new SimNode(world, id, index))
    this.#byId = new Map(this.#hosts.map(host => [host.id, host]))
    this.#reachability = new Reachability(world, this.#hosts)
    for (const host of this.#hosts) this.#scheduler.after(0, () => host.start())
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
  /** Fault rules on single messages, as in a running cluster. */
  get faults(): FaultPlane {
    return this.network.faults
  }

  /** Runs an actor on a node, now and after each restart. */
  place(node: string, type: AnyActorType, name: string, config: unknown, group?: string): void {
    const host = this.#host(nodeId(node))
    const placed = { type, name, config, group }
    host.placed.push(placed)
    host.spawn(placed)
  }

  /** Through that node's kernel, as its gateway would. `timeout` also when the node dies before it answers. */
  ask(node: string, to: Address, message: unknown, timeoutMs: number, done: (answer: Answer) => void): void {
    this.#host(nodeId(node)).ask({
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

  crash(node: string, options: CrashOptions = {}): void {
    const host = this.#host(nodeId(node))
    const { at = 'now', wipe, rollback } = options
    if (at !== 'now') {
      host.plannedEnd = at
      return
    }
    host.crash('crashed')
    if (wipe) host.storage = host.storage.wipe()
    if (rollback) host.storage = rollback
    this.#note('fault', node, { crash: { wipe: wipe === true, rollback: rollback !== undefined } })
  }

  restart(node: string): void {
    const host = this.#host(nodeId(node))
    if (host.status === 'down') host.start()
  }

  status(node: string): SimNode['status'] {
    return this.#host(nodeId(node)).status
  }

  /** A number that changes whenever the node dies or starts. */
  life(node: string): number {
    return this.#host(nodeId(node)).boot
  }

  pause(node: string, ms: number): void {
    this.#note('fault', node, { pauseMs: ms })
    this.#host(nodeId(node)).pause(ms)
  }
  resume(node: string): void {
    this.#host(nodeId(node)).resume()
  }

  /** The wall clock jumps; the monotonic one does not. */
  skewClock(node: string, ms: number): void {
    this.#note('fault', node, { skewMs: ms })
    this.#host(nodeId(node)).wallSkewMs += ms
  }

  /** Every commit takes this much longer; 0 ends it. */
  slowDisk(node: string, ms: number): void {
    this.#note('fault', node, { slowDiskMs: ms })
    this.#host(nodeId(node)).slowDiskMs = ms
  }

  /** The next commit fails, which ends the node. */
  failCommit(node: string): void {
    const host = this.#host(nodeId(node))
    this.#note('fault', node, { failCommit: true })
    host.plannedEnd = 'failedCommit'
  }

  /** One direction only. */
  cut(from: string, to: string): void {
    this.#note('fault', from, { cut: to })
    this.network.cut(nodeId(from), nodeId(to))
    this.#reachability.changed()
  }

  mend(from: string, to: string): void {
    this.#note('heal', from, { mend: to })
    this.network.mend(nodeId(from), nodeId(to))
    this.#reachability.changed()
  }

  /** Nothing between the two sides, either way. */
  partition(left: readonly string[], right: readonly string[]): void {
    for (const one of left) {
      for (const other of right) {
        this.cut(one, other)
        this.cut(other, one)
      }
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
    this.#note('heal', '', {})
    this.network.weather = { ...fairWeather, ...this.#options.network }
    this.network.mendAll()
    this.faults.clear()
    for (const host of this.#hosts) {
      host.slowDiskMs = 0
      host.plannedEnd = undefined
      if (host.status === 'down') host.start()
      else host.resume()
    }
    this.#reachability.changed()
  }

  /** The live state of an actor; undefined while its node is down. For invariants: never change it. */
  state(of: Address): unknown {
    return this.#host(nodeOf(of)).state(actorOf(of))
  }

  storage(node: string): MemoryStorage {
    return this.#host(nodeId(node)).storage
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

  #host(id: NodeId): SimNode {
    const host = this.#byId.get(id)
    if (host === undefined) throw new RangeError(`no node ${id} in this simulation`)
    return host
  }

  #world(): World {
    return {
      nodes: this.nodes,
      scheduler: this.#scheduler,
      network: this.network,
      random: this.random,
      trace: this.trace,
      epochMs: Date.UTC(2026, 0, 1),
      limits: this.#options.limits,
      planted: this.#options.planted,
      observerOf: host => this.#observerOf(host),
      turnEnded: host => this.#turnEnded(host),
      changed: () => this.#reachability.changed(),
      fail: (what, cause) => this.#fail(what, cause),
    }
  }

  #observerOf(host: SimNode): Observer {
    const outer = this.#options.observer
    return {
      deadLetter: (envelope, reason) => outer?.deadLetter?.(envelope, reason),
      escalated: (actor, error, step) => outer?.escalated?.(actor, error, step),
      turnEnded: report => outer?.turnEnded?.(report),
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

  #note(kind: 'fault' | 'heal', node: string, fault: Readonly<Record<string, unknown>>): void {
    this.trace.event(kind, this.now, 0, fnv1a(node), fnv1a(Object.keys(fault).join()))
    if (this.trace.written) this.trace.line({ at: this.now, kind, node, ...fault })
  }

  #fail(what: string, cause: unknown): never {
    this.#failure ??= new SimulationError(this.seed, this.now, what, cause)
    throw this.#failure
  }
}
