/**
 * The kernel runs the turns of one node: a batch of events, one commit, and only then whatever leaves the node.
 * It knows no socket, file or clock but its ports, so production and the simulator run the very same code.
 * Rules: SPEC.md. The parts of a turn are in turn.ts, the life of an actor in life.ts.
 */
import { type AnyActorType, assert } from '../actor.ts'
import { type ActorId, type Address, actorId, type NodeId } from '../address.ts'
import { bury, type Core, createCore, hasWork } from './core.ts'
import type { DeadLetter } from './dead-letters.ts'
import * as exchange from './exchange.ts'
import * as life from './life.ts'
import type { Answer, DeadLetterReason, Envelope, KernelPorts } from './ports.ts'
import { commit, handle, release } from './turn.ts'
import { type ActorSummary, type ActorView, summary, view } from './view.ts'

type Phase = 'idle' | 'handling' | 'releasing' | 'dead'

export interface KernelStats {
  readonly turns: number
  readonly commits: number
  readonly events: number
  readonly sent: number
  readonly received: number
  readonly pendingRequests: number
  readonly timers: number
  readonly actors: number
}

export class Kernel {
  readonly #core: Core
  readonly #counts = { turns: 0, commits: 0, events: 0, sent: 0, received: 0 }
  #phase: Phase = 'idle'
  #cause: unknown
  #woken = false

  constructor(ports: KernelPorts) {
    this.#core = createCore(ports, to => life.activate(this.#core, to))
  }

  /** Starts an actor at once; what it wants to happen belongs to the next turn. */
  spawn(type: AnyActorType, name: string, config: unknown, group?: string): void {
    this.#enter()
    const core = this.#core
    const id = actorId(type.type, name)
    const before = core.cells.get(id)
    assert(before === undefined || before.status === 'stopped', `actor ${id} is not there yet`)
    const cell = life.create(core, { type, name, config, group })
    core.now = core.ports.clock()
    this.#orDie(() => life.start(core, cell))
    core.ports.wake()
  }

  /** Its state is gone, its rows stay; what waits for it becomes dead letters. */
  stop(id: ActorId): void {
    this.#enter()
    const cell = this.#core.cells.get(id)
    if (cell === undefined || cell.status === 'stopped') return
    life.stop(this.#core, cell)
    this.#core.ports.wake()
  }

  /** Envelopes from the network. */
  receive(_peer: NodeId, envelopes: readonly Envelope[]): void {
    this.#enter()
    this.#counts.received += envelopes.length
    for (const envelope of envelopes) exchange.receive(this.#core, envelope)
    this.#poke()
  }

  /** A hint that a peer is reachable or not, for the actors that asked for such hints. */
  peer(node: NodeId, reachable: boolean): void {
    this.#enter()
    for (const cell of this.#core.observers) this.#core.delivery.observe(cell, node, reachable)
    this.#poke()
  }

  /** A message from outside the actors. */
  tell(to: Address, message: unknown, trace?: string): void {
    this.#enter()
    exchange.tell(this.#core, to, message, trace)
    this.#poke()
  }

  /**
   * A request to an actor here or on a peer. `done` is called once, at the end of a turn, after its commit. It may ask
   * again; it must not throw.
   */
  ask(
    to: Address,
    message: unknown,
    timeoutMs: number,
    done: (answer: Answer) => void,
    trace?: string,
  ): void {
    this.#enter()
    exchange.ask(this.#core, to, message, timeoutMs, done, trace)
    this.#poke()
  }

  /** For the host that lets go of this kernel, dead or alive: nobody who asked will hear more than that. */
  abandon(): void {
    this.#core.requests.abandon()
  }

  /** For the host: an envelope that it could not pass on, or that a fault rule took away. */
  deadLetter(envelope: Envelope, reason: DeadLetterReason): void {
    bury(this.#core, envelope, reason)
  }

  /** When the next turn is due (`monotonicMs`): -Infinity when work is ready, Infinity when idle. */
  nextTurnAt(): number {
    this.#alive()
    const core = this.#core
    if (hasWork(core)) return Number.NEGATIVE_INFINITY
    return Math.min(core.timers.next, core.supervisor.next, core.requests.next)
  }

  /**
   * One turn. What storage or a crash point throws goes through, and the kernel is dead afterwards: its memory is
   * ahead of its disk, so only a new one over the same storage may go on.
   */
  turn(): void {
    this.#enter()
    assert(this.#phase === 'idle', 'turns do not nest')
    this.#woken = false
    this.#orDie(() => {
      this.#phase = 'handling'
      handle(this.#core)
      const report = commit(this.#core)
      this.#phase = 'releasing'
      release(this.#core, report)
      this.#phase = 'idle'
      this.#counts.turns++
      this.#counts.events += report.events
      this.#counts.sent += report.sent
      if (report.writes > 0) this.#counts.commits++
    })
  }

  actors(): ActorSummary[] {
    return [...this.#core.cells.values()].map(summary)
  }

  inspect(id: ActorId): ActorView | undefined {
    const cell = this.#core.cells.get(id)
    if (cell === undefined) return undefined
    const { storage, clock } = this.#core.ports
    return view(cell, storage.rows(id), clock().monotonicMs)
  }

  /** The live state itself, for invariants in tests and simulation. */
  state(id: ActorId): unknown {
    return this.#core.cells.get(id)?.state
  }

  deadLetters(): {
    readonly counts: Readonly<Record<DeadLetterReason, number>>
    readonly recent: readonly DeadLetter[]
  } {
    const { deadLetters } = this.#core
    return { counts: { ...deadLetters.counts }, recent: deadLetters.recent() }
  }

  stats(): KernelStats {
    const { requests, timers } = this.#core
    return {
      ...this.#counts,
      pendingRequests: requests.size,
      timers: timers.size,
      actors: this.#core.cells.size,
    }
  }

  #alive(): void {
    if (this.#phase === 'dead') throw new Error('this kernel is dead', { cause: this.#cause })
  }

  /** Actors and observers must not call the kernel from within: only what answers a request may. */
  #enter(): void {
    this.#alive()
    assert(this.#phase !== 'handling', 'the kernel is not called while actors handle events')
  }

  #orDie(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#phase = 'dead'
      this.#cause = error
      throw error
    }
  }

  /** Wakes the host once for what came in between two turns. */
  #poke(): void {
    if (this.#woken || this.#phase !== 'idle' || !hasWork(this.#core)) return
    this.#woken = true
    this.#core.ports.wake()
  }
}
