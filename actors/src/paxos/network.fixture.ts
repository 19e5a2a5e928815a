/**
 * A tiny deterministic host for tests: members with the three actors of one group, a pool of messages under way,
 * virtual time. Steps are turns: local messages are delivered in the same step, rows are durable when it ends, and
 * only then do messages to other members leave. The full simulator is in `@synod/runtime/simulation`; this one is
 * small enough to print.
 */
import {
  type Address,
  type AnyActorType,
  actorOf,
  address,
  type Event,
  type NodeId,
  nodeId,
  nodeOf,
  type Request,
} from '@synod/runtime/protocol'
import { seededRandom, TestOutbox, TestRows } from '@synod/runtime/simulation'
import type { StateMachine } from '../replicated/state-machine.ts'
import type { PaxosConfig, Tuning } from './config.ts'
import { paxosGroupActors } from './group-actors.ts'

export interface Flight {
  readonly from: Address
  readonly to: Address
  readonly message: { readonly type: string }
  readonly life: number
  readonly dueMs: number
}
interface Running {
  readonly type: AnyActorType
  readonly address: Address
  readonly out: TestOutbox
  state: unknown
  readonly timers: Map<string, number>
}
interface Node {
  readonly id: NodeId
  rows: Map<string, TestRows>
  actors: Map<string, Running>
  up: boolean
  life: number
  amnesiac: boolean
}

export interface Faults {
  readonly loss: number
  readonly duplicate: number
  /** Messages take between 1 ms and this. */
  readonly delayMs: number
}

export interface NetworkOptions {
  readonly members: number
  readonly seed: number
  readonly machine: StateMachine
  readonly tuning?: Partial<Tuning>
  readonly onDeliver?: (flight: Flight) => void
}

export class Network {
  readonly nodes = new Map<NodeId, Node>()
  readonly config: PaxosConfig
  readonly answers: { readonly atMs: number; readonly to: Address; readonly message: unknown }[] = []
  readonly replies: { readonly request: Request; readonly result: unknown }[] = []
  /** Rows written, erasures included. */
  writes = 0
  /** How often each note was made. */
  readonly notes = new Map<string, number>()
  readonly random
  faults: Faults = { loss: 0, duplicate: 0, delayMs: 1 }
  /** `from>to`: nothing passes. */
  readonly cuts = new Set<string>()
  nowMs = 1_000
  readonly #machine: StateMachine
  readonly #onDeliver: ((flight: Flight) => void) | undefined
  #pool: Flight[] = []

  constructor(options: NetworkOptions) {
    const members = Array.from({ length: options.members }, (_, at) => nodeId(`n${at + 1}`))
    const group = { group: 'g', protocol: 'paxos', members, preferred: nodeId('n1') } as const
    this.config = options.tuning === undefined ? { group } : { group, tuning: options.tuning }
    this.random = seededRandom(options.seed)
    this.#machine = options.machine
    this.#onDeliver = options.onDeliver
    for (const id of members) {
      const node = { id, rows: new Map(), actors: new Map(), up: false, life: 1, amnesiac: false }
      this.nodes.set(id, node)
      this.start(id)
    }
  }

  node(id: string): Node {
    const node = this.nodes.get(id as NodeId)
    if (node === undefined) throw new Error(`no node ${id}`)
    return node
  }

  // biome-ignore lint/suspicious/noExplicitAny: the test knows which actor it asks for.
  state(id: string, type: string): any {
    return this.node(id).actors.get(type)?.state
  }

  crash(id: string): void {
    const node = this.node(id)
    node.up = false
    node.actors = new Map()
  }

  /** The disk is lost: the node comes back as one that knows it. */
  wipe(id: string): void {
    this.crash(id)
    const node = this.node(id)
    node.rows = new Map()
    node.life++
    node.amnesiac = true
  }

  start(id: string): void {
    const node = this.node(id)
    node.up = true
    for (const { type, name, config } of paxosGroupActors(this.config, this.#machine)) {
      const rows = node.rows.get(type.type) ?? new TestRows()
      node.rows.set(type.type, rows)
      const out = new TestOutbox(rows, this.random.next() * 2 ** 32)
      const running: Running = {
        type,
        address: address(node.id, type.type, name),
        out,
        state: undefined,
        timers: new Map(),
      }
      node.actors.set(type.type, running)
      const incarnation = `${node.life}-x`
      const { address: self } = running
      const start = { config, self, node: node.id, incarnation, amnesiac: node.amnesiac, now: this.#now }
      running.state = type.start(start, rows, out)
    }
    this.#turn(node, [])
  }

  /** From a client, who is no actor. */
  send(
    to: Address,
    message: { readonly type: string },
    from = address(nodeId('client'), 'client', 'c'),
  ): void {
    this.#throw({ from, to, message, life: 0 })
  }

  request(to: Address, message: unknown, id: number): void {
    const node = this.node(nodeOf(to))
    const actor = node.actors.get('learner')
    if (!node.up || actor === undefined) return
    const request: Request = { node: node.id, id }
    this.#receive(actor, { kind: 'request', request, message, now: this.#now })
    this.#turn(node, [])
  }

  peer(id: string, lost: string): void {
    const node = this.node(id)
    for (const actor of node.actors.values()) {
      this.#receive(actor, { kind: 'peer', node: lost as NodeId, reachable: false, now: this.#now })
    }
    this.#turn(node, [])
  }

  /** Runs until nothing is due before this time. */
  runUntil(ms: number, done: () => boolean = () => false): void {
    while (!done()) {
      const next = this.#nextDue()
      if (next > ms) break
      this.nowMs = Math.max(this.nowMs, next)
      this.step()
    }
    if (!done()) this.nowMs = Math.max(this.nowMs, ms)
  }

  /** One message, or one timer, whichever is due first. */
  step(): void {
    const flight = this.#takeDue()
    if (flight !== undefined) {
      this.#arrive(flight)
      return
    }
    for (const node of this.nodes.values()) {
      for (const actor of node.actors.values()) {
        for (const [name, due] of actor.timers) {
          if (due > this.nowMs) continue
          actor.timers.delete(name)
          this.#receive(actor, { kind: 'timer', name, now: this.#now })
          this.#turn(node, [])
          return
        }
      }
    }
  }

  get #now() {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs }
  }

  #takeDue(): Flight | undefined {
    let best = -1
    for (let at = 0; at < this.#pool.length; at++) {
      const flight = this.#pool[at]
      if (flight === undefined || flight.dueMs > this.nowMs) continue
      if (best < 0 || flight.dueMs < (this.#pool[best]?.dueMs ?? 0)) best = at
    }
    return best < 0 ? undefined : this.#pool.splice(best, 1)[0]
  }

  #nextDue(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { dueMs } of this.#pool) next = Math.min(next, dueMs)
    for (const node of this.nodes.values()) {
      for (const { timers } of node.actors.values())
        for (const due of timers.values()) next = Math.min(next, due)
    }
    return next
  }

  #arrive(flight: Flight): void {
    const { from, to } = flight
    if (nodeOf(to) === 'client') {
      this.#onDeliver?.(flight)
      this.answers.push({ atMs: this.nowMs, to, message: flight.message })
      return
    }
    const sender = this.nodes.get(nodeOf(from))
    const node = this.node(nodeOf(to))
    if (!node.up || this.cuts.has(`${nodeOf(from)}>${nodeOf(to)}`)) return
    // Messages of older lives are dropped by the host, once the new one was seen: here at once.
    if (sender !== undefined && sender.life !== flight.life) return
    this.#turn(node, [flight])
  }

  /** Delivers within the member until it is quiet, then lets messages to others leave. */
  #turn(node: Node, first: Flight[]): void {
    const local = [...first]
    const remote: Omit<Flight, 'dueMs'>[] = []
    const collect = () => {
      for (const actor of node.actors.values()) this.#collect(node, actor, local, remote)
    }
    collect()
    for (let flight = local.shift(); flight !== undefined; flight = local.shift()) {
      const actor = node.actors.get(actorOf(flight.to).split('/')[0] ?? '')
      if (actor === undefined) continue
      this.#onDeliver?.(flight)
      this.#receive(actor, { kind: 'message', from: flight.from, message: flight.message, now: this.#now })
      collect()
    }
    for (const flight of remote) this.#throw(flight)
  }

  #collect(node: Node, actor: Running, local: Flight[], remote: Omit<Flight, 'dueMs'>[]): void {
    const effects = actor.out.take()
    for (const { to, message } of effects.sent) {
      const flight = { from: actor.address, to, message: message as { type: string }, life: node.life }
      if (nodeOf(to) === node.id) local.push({ ...flight, dueMs: this.nowMs })
      else remote.push(flight)
    }
    this.replies.push(...effects.replies)
    this.writes += effects.writes.length
    for (const { name } of effects.notes) this.notes.set(name, (this.notes.get(name) ?? 0) + 1)
    for (const name of effects.cancelled) actor.timers.delete(name)
    for (const { name } of effects.timers) {
      const delay = actor.out.armed.get(name)
      if (delay !== undefined) actor.timers.set(name, this.nowMs + delay)
    }
  }

  #throw(flight: Omit<Flight, 'dueMs'>): void {
    const { loss, duplicate, delayMs } = this.faults
    const copies = this.random.next() < duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.random.next() < loss) continue
      this.#pool.push({
        ...flight,
        dueMs: this.nowMs + (delayMs <= 1 ? 1 : 1 + this.random.next() * delayMs),
      })
    }
  }

  #receive(actor: Running, event: Event<unknown>): void {
    actor.type.receive(actor.state, event, actor.out)
    actor.type.check?.(actor.state)
  }
}
