/**
 * One simulated node: the production kernel over memory, virtual time and the seeded network. Its life is the one of
 * a process: boot, settle what it can prove to remember (amnesia rule), run turns, die at any moment, boot again.
 *
 * A turn's commit takes virtual time and its messages leave afterwards; a crash in between loses them, as it does
 * between SQLite's commit and the socket.
 */
import type { Now } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'
import { Kernel } from '../kernel/kernel.ts'
import type { Envelope, KernelPorts } from '../kernel/ports.ts'
import type { Standing } from '../membership/standing.ts'
import { DamagedRow } from '../storage/damage.ts'
import { MemoryStorage } from '../storage/memory.ts'
import type { Identity, Sighting } from '../storage/storage.ts'
import { endNamed, type PlannedEnd, SimulatedCrash } from './life-end.ts'
import type { Frame, TurnFrame } from './network.ts'
import { PausedInbox } from './paused-inbox.ts'
import { type Asked, PendingAsks } from './pending-asks.ts'
import { SimMembership } from './sim-membership.ts'
import { watchedStorage, watchedType } from './watched.ts'
import type { Placed, World } from './world.ts'

/** How long a turn and its commit take. */
const turnMs = { from: 0.005, to: 0.03 }
const commitMs = { from: 0.05, to: 1 }

export class SimNode {
  readonly id: NodeId
  readonly index: number
  storage: MemoryStorage
  kernel: Kernel | undefined
  status: 'down' | 'settling' | 'running' = 'down'
  /** Counts the lives of the process. */
  boot = 0
  /** Every commit takes this much longer. */
  slowDiskMs = 0
  /** Every turn takes this much longer. */
  slowTurnMs = 0
  wallSkewMs = 0
  /** No commit succeeds. */
  diskFull = false
  /** What the store reported that could not be read: it is refused at every start, until it is replaced. */
  damage: DamagedRow | undefined
  plannedEnd: PlannedEnd | undefined
  /** Actors that run here after every boot. */
  readonly placed: Placed[] = []
  readonly #world: World
  readonly #random
  readonly #membership: SimMembership
  readonly #asks: PendingAsks
  #monotonicOrigin = 0
  #pausedUntil = 0
  #busyUntil = 0
  #turnDue = Number.POSITIVE_INFINITY
  #inTurn = false
  /** Only with the planted fault: the disk without the last turn. */
  #beforeTurn: MemoryStorage | undefined
  #outgoing: { peer: NodeId; envelopes: readonly Envelope[] }[] = []
  #answers: (() => void)[] = []
  readonly #inbox: PausedInbox

  constructor(world: World, id: NodeId, index: number) {
    this.id = id
    this.index = index
    this.#world = world
    this.#random = world.random.fork(`node ${id}`)
    this.storage = new MemoryStorage(id)
    this.#membership = new SimMembership(world, this, this.#random.fork('membership'))
    this.#asks = new PendingAsks()
    this.#inbox = new PausedInbox(world.scheduler, this.#random, this)
  }

  get paused(): boolean {
    return this.#pausedUntil > this.#world.scheduler.now
  }

  /** Up, settled and not paused: others hear it. */
  get audible(): boolean {
    return this.status === 'running' && !this.paused
  }

  now(): Now {
    const { now } = this.#world.scheduler
    return {
      monotonicMs: this.#monotonicOrigin + now,
      wallMs: this.#world.epochMs + now + this.wallSkewMs,
    }
  }

  start(): void {
    if (this.status !== 'down') throw new Error(`${this.id} is up already`)
    this.boot += 1
    this.status = 'settling'
    if (this.#world.planted === 'damageIgnored') this.storage.dropDamaged()
    this.#monotonicOrigin = this.#random.integer(0, 1_000_000)
    this.#busyUntil = 0
    this.#pausedUntil = 0
    this.#record('boot', this.boot, this.storage.turn())
    this.#membership.begin()
  }

  /** The process dies: what was not committed is gone, what was not sent is never sent. */
  crash(why: string): void {
    if (this.status === 'down') return
    this.status = 'down'
    this.storage = (this.#beforeTurn ?? this.storage).crash()
    this.#record('crash', this.boot, this.storage.turn(), { why })
    this.#membership.clear()
    this.#inbox.clear()
    this.#endLife()
    this.#world.changed()
  }

  /** What the life that ends had begun does not happen any more; who waits for an answer learns that none will come. */
  #endLife(): void {
    this.boot += 1
    this.kernel = undefined
    this.plannedEnd = undefined
    this.#turnDue = Number.POSITIVE_INFINITY
    this.#outgoing = []
    this.#answers = []
    for (const done of this.#asks.waiting()) {
      this.#world.scheduler.after(0, () => done({ outcome: 'timeout' }))
    }
  }

  /** SIGSTOP: clocks go on, nothing is handled, what arrives waits. */
  pause(ms: number): void {
    const until = this.#world.scheduler.now + ms
    if (until <= this.#pausedUntil) return
    this.#pausedUntil = until
    const { boot } = this
    this.#world.scheduler.at(until, () => {
      if (boot === this.boot) this.resume()
    })
    this.#world.changed()
  }

  resume(): void {
    if (this.#pausedUntil > this.#world.scheduler.now) this.#pausedUntil = this.#world.scheduler.now
    this.#inbox.wake()
    this.#schedule()
    this.#world.changed()
  }

  spawn({ type, name, config, group }: Placed): void {
    const { trace, scheduler } = this.#world
    const watched = trace.written ? watchedType(type, this.id, name, trace, scheduler) : type
    this.kernel?.spawn(watched, name, config, group)
  }

  state(actor: ActorId): unknown {
    return this.kernel?.state(actor)
  }

  ask({ to, message, timeoutMs, done }: Asked): void {
    const kernel = this.kernel
    if (kernel === undefined || this.status !== 'running') {
      this.#world.scheduler.after(0.1, () => done({ outcome: 'refused', reason: 'unreachable' }))
      return
    }
    const once = this.#asks.add(done)
    this.#inbox.take(undefined, () => {
      kernel.ask(to, message, timeoutMs, answer => this.#answered(() => once(answer)))
    })
  }

  peer(node: NodeId, reachable: boolean): void {
    this.kernel?.peer(node, reachable)
  }

  deliver(from: NodeId, frame: Frame): void {
    if (this.status !== 'down') this.#inbox.take(from, () => this.#handle(from, frame))
  }

  #handle(from: NodeId, frame: Frame): void {
    switch (frame.kind) {
      case 'turn':
        this.#receive(from, frame)
        break
      case 'hello':
        this.#membership.onHello(from, frame)
        break
      case 'seen':
        this.#membership.onSeen(from, frame)
    }
  }

  #receive(from: NodeId, frame: TurnFrame): void {
    if (!this.#membership.admit(from, frame)) return
    this.#record('deliver', frame.turn, frame.envelopes.length)
    this.kernel?.receive(from, frame.envelopes)
  }

  settled(standing: Extract<Standing, { settled: true }>, learnt?: ReadonlyMap<NodeId, Sighting>): void {
    if (standing.how !== 'kept') this.storage.setIdentity(standing.identity, learnt)
    this.#record('settled', this.boot, this.storage.turn(), { ...standing })
    if (this.status === 'running') {
      // A late witness: the actors start anew, in place, as those of a node without memory.
      this.#endLife()
      this.#membership.beginAgain()
    }
    this.#run(standing.identity)
  }

  #run(identity: Identity): void {
    this.status = 'running'
    this.#turnDue = Number.POSITIVE_INFINITY
    this.kernel = new Kernel(this.#ports(identity))
    try {
      for (const actor of this.placed) this.spawn(actor)
    } catch (error) {
      this.#died(error)
      return
    }
    for (const peer of this.#membership.links()) this.linked(peer)
    this.#schedule()
    this.#world.changed()
  }

  /** Tells a peer who lives here now, and how much of it is durable, as a heartbeat does. */
  linked(peer: NodeId): void {
    this.#transmit(peer, this.storage.turn(), [])
  }

  #transmit(peer: NodeId, turn: number, envelopes: readonly Envelope[]): void {
    const { boot } = this
    const incarnation = this.storage.identity()?.incarnation ?? ''
    this.#world.network.send(this.id, peer, { kind: 'turn', boot, incarnation, turn, envelopes })
  }

  #ports(identity: Identity): KernelPorts {
    const random = this.#random.fork(`boot ${this.boot} ${identity.incarnation}`)
    const { limits, trace, scheduler } = this.#world
    return {
      node: this.id,
      incarnation: identity.incarnation,
      amnesiac: identity.amnesiac,
      storage: trace.written ? watchedStorage(this.storage, this.id, trace, scheduler) : this.storage,
      clock: () => this.now(),
      random: () => random.next(),
      transmit: (peer, envelopes, early) => {
        if (!early) this.#outgoing.push({ peer, envelopes })
        else if (this.#membership.isLinked(peer)) this.#transmit(peer, this.storage.turn(), envelopes)
      },
      sightings: () => this.#membership.news(),
      wake: () => {
        if (!this.#inTurn) this.#schedule()
      },
      observer: this.#world.observerOf(this),
      ...(limits === undefined ? {} : { limits }),
      freeze: true,
      crashPoint: at => {
        if (at === this.plannedEnd) throw new SimulatedCrash(at)
        if (this.plannedEnd === 'failedCommit') this.storage.failNextCommit('error')
        if (this.diskFull) this.storage.failNextCommit('full')
      },
    }
  }

  /** Plans the next turn; a later one that was planned before becomes stale. */
  #schedule(): void {
    if (this.kernel === undefined || this.#inTurn) return
    const wanted = this.kernel.nextTurnAt()
    if (wanted === Number.POSITIVE_INFINITY) return
    const due = Math.max(
      this.#world.scheduler.now,
      wanted - this.#monotonicOrigin,
      this.#busyUntil,
      this.#pausedUntil,
    )
    if (due >= this.#turnDue) return
    this.#turnDue = due
    const { boot } = this
    this.#world.scheduler.at(due, () => {
      if (boot === this.boot && due === this.#turnDue) this.#turn()
    })
  }

  #turn(): void {
    const { scheduler } = this.#world
    this.#turnDue = Number.POSITIVE_INFINITY
    const kernel = this.kernel
    if (kernel === undefined) return
    if (this.paused || scheduler.now < this.#busyUntil) {
      this.#schedule()
      return
    }
    const before = this.storage.turn()
    if (this.#world.planted === 'ackBeforeCommit') this.#beforeTurn = this.storage.copy()
    this.#inTurn = true
    try {
      kernel.turn()
    } catch (error) {
      this.#died(error)
      return
    } finally {
      this.#inTurn = false
    }
    this.#busyUntil = scheduler.now + this.#cost(this.storage.turn() !== before)
    this.#record('turn', this.storage.turn(), this.#outgoing.length)
    this.#releaseLater()
    this.#world.turnEnded(this)
    this.#schedule()
  }

  #cost(wrote: boolean): number {
    const turn = this.#random.between(turnMs.from, turnMs.to) + this.slowTurnMs
    return wrote ? turn + this.#random.between(commitMs.from, commitMs.to) + this.slowDiskMs : turn
  }

  #died(error: unknown): void {
    const end = endNamed(error, this.diskFull)
    if (end === undefined) this.#world.fail(`the kernel of ${this.id} threw`, error)
    else this.#world.happened.add(end)
    if (error instanceof DamagedRow) this.damage = error
    this.crash(error instanceof Error ? error.message : String(error))
  }

  /** Messages and answers leave when the commit is over, unless the node died meanwhile. */
  #releaseLater(): void {
    if (this.#outgoing.length === 0 && this.#answers.length === 0) return
    const outgoing = this.#outgoing
    const answers = this.#answers
    this.#outgoing = []
    this.#answers = []
    const { boot } = this
    const turn = this.storage.turn()
    this.#world.scheduler.at(this.#busyUntil, () => {
      if (boot !== this.boot) return
      const dies = this.plannedEnd === 'whileReleasing'
      const sent = dies ? this.#random.integer(0, outgoing.length) : outgoing.length
      for (const { peer, envelopes } of outgoing.slice(0, sent)) {
        // No link before its handshake: a peer tells what it had seen before it can see anything of this life.
        if (!this.#membership.isLinked(peer)) continue
        this.#transmit(peer, turn, envelopes)
      }
      if (dies) this.#died(new SimulatedCrash('whileReleasing'))
      else for (const answer of answers) answer()
    })
  }

  #answered(tell: () => void): void {
    if (this.#inTurn) this.#answers.push(tell)
    else this.#world.scheduler.after(0, tell)
  }

  #record(
    kind: 'boot' | 'crash' | 'deliver' | 'settled' | 'turn',
    a: number,
    b: number,
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const { trace, scheduler } = this.#world
    trace.event(kind, scheduler.now, this.index, a, b)
    if (trace.written) trace.line({ at: scheduler.now, kind, node: this.id, a, b, ...more })
  }
}
