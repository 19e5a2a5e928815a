/**
 * The seeded network: frames of one turn from node to node, late, lost, doubled, overtaken, cut off.
 *
 * In fair weather a link is as TCP is: nothing lost, in order, a little later. Bad weather acts on single messages,
 * never on the bytes of a frame; so do the rules of the `FaultPlane`, the same that a running cluster has.
 */
import { crc32 } from 'node:zlib'
import type { NodeId } from '../address.ts'
import { FaultPlane } from '../faults/plane.ts'
import type { Envelope } from '../kernel/ports.ts'
import type { Testimony } from '../membership/witnesses.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { Tally } from './tally.ts'
import type { Trace } from './trace.ts'
import { AddressHash, arriving, encodedMessages } from './wire.ts'

/** Probabilities are for each message. */
export interface Weather {
  readonly minDelayMs: number
  readonly maxDelayMs: number
  readonly loss: number
  readonly duplicate: number
  /** A message is held back for up to 50 times the longest delay. */
  readonly reorder: number
}
export const fairWeather: Weather = { minDelayMs: 0.1, maxDelayMs: 1, loss: 0, duplicate: 0, reorder: 0 }

export type Frame = TurnFrame | HelloFrame | SeenFrame
/** What a turn sent to one peer. */
export interface TurnFrame {
  readonly kind: 'turn'
  /** The sender's life: the link of an earlier one is closed when a later one says hello. */
  readonly boot: number
  readonly incarnation: string
  readonly turn: number
  readonly envelopes: readonly Envelope[]
}
/** What a node says that has started; the peer answers what it had seen of it, and of all others. */
export interface HelloFrame {
  readonly kind: 'hello'
  readonly boot: number
  readonly askedMs: number
}
/** `boot` and `askedMs` are those of the hello; `life` tells lives of the peer apart. */
export interface SeenFrame {
  readonly kind: 'seen'
  readonly boot: number
  readonly askedMs: number
  readonly life: number
  readonly testimony: Testimony
}

export interface NetworkPorts {
  readonly nodes: readonly NodeId[]
  readonly scheduler: Scheduler
  readonly random: Random
  readonly trace: Trace
  readonly happened: Tally
  deliver(from: NodeId, to: NodeId, frame: Frame): void
}

export class Network {
  /** Rules as a running cluster has them. */
  readonly faults = new FaultPlane()
  /** Whether any message so far arrived, or will arrive, more than once. Sockets never do that. */
  doubled = false
  #weather: Weather
  readonly #ports: NetworkPorts
  readonly #index: ReadonlyMap<NodeId, number>
  readonly #addresses = new AddressHash()
  readonly #cuts = new Set<number>()
  /** What waits on links that are stuck, per direction. */
  readonly #clogs = new Map<number, (() => void)[]>()
  /** When the last frame in order arrives, per direction. */
  readonly #lastArrival: number[]

  constructor(ports: NetworkPorts, weather: Weather) {
    this.#ports = ports
    this.#weather = weather
    this.#index = new Map(ports.nodes.map((node, index) => [node, index]))
    this.#lastArrival = ports.nodes.flatMap(() => ports.nodes.map(() => 0))
  }

  get weather(): Weather {
    return this.#weather
  }

  set weather(weather: Weather) {
    this.#weather = weather
  }

  /** Nothing gets from one node to the other any more; what is on its way still arrives. */
  cut(from: NodeId, to: NodeId): void {
    this.#cuts.add(this.#direction(from, to))
  }

  mend(from: NodeId, to: NodeId): void {
    this.#cuts.delete(this.#direction(from, to))
  }

  /** What would arrive in this direction waits, whenever it was sent. */
  clog(from: NodeId, to: NodeId): void {
    const direction = this.#direction(from, to)
    if (!this.#clogs.has(direction)) this.#clogs.set(direction, [])
  }

  /** Everything that waited arrives at once, in the order in which it would have. */
  unclog(from: NodeId, to: NodeId): void {
    const direction = this.#direction(from, to)
    const waiting = this.#clogs.get(direction) ?? []
    this.#clogs.delete(direction)
    if (waiting.length > 1) this.#ports.happened.add('burst')
    for (const deliver of waiting) this.#ports.scheduler.after(0, deliver)
  }

  mendAll(): void {
    this.#cuts.clear()
    for (const from of this.#ports.nodes) for (const to of this.#ports.nodes) this.unclog(from, to)
  }

  /** Nothing arrives in this direction: it is lost, or waits. */
  isSilent(from: NodeId, to: NodeId): boolean {
    const direction = this.#direction(from, to)
    return this.#cuts.has(direction) || this.#clogs.has(direction)
  }

  send(from: NodeId, to: NodeId, frame: Frame): void {
    const direction = this.#direction(from, to)
    if (frame.kind === 'turn') this.#sendTurn(from, to, direction, frame)
    else this.#sendHello(from, to, direction, frame)
  }

  #sendHello(from: NodeId, to: NodeId, direction: number, frame: HelloFrame | SeenFrame): void {
    if (this.#cuts.has(direction) || this.#ports.random.chance(this.#weather.loss)) return
    this.#arriveInOrder(from, to, direction, frame, this.#delay())
  }

  #sendTurn(from: NodeId, to: NodeId, direction: number, frame: TurnFrame): void {
    const { trace, scheduler } = this.#ports
    const { envelopes } = frame
    const bytes = encodedMessages(envelopes)
    trace.event('send', scheduler.now, direction, crc32(bytes), this.#addresses.of(envelopes))
    if (this.#cuts.has(direction)) {
      if (trace.written) this.#write('lose', from, to, envelopes, 'cut')
      return
    }
    const weather = this.#weather
    if (weather.loss === 0 && weather.duplicate === 0 && weather.reorder === 0 && !this.faults.active) {
      if (trace.written) this.#write('send', from, to, envelopes)
      const arrives = { ...frame, envelopes: arriving(envelopes, bytes) }
      this.#arriveInOrder(from, to, direction, arrives, this.#delay())
    } else {
      this.#sendInBadWeather(from, to, direction, frame, bytes)
    }
  }

  /** Every message has its own fate; those that meet none stay together and in order. */
  #sendInBadWeather(from: NodeId, to: NodeId, direction: number, frame: TurnFrame, bytes: Uint8Array): void {
    const kept: Envelope[] = []
    // Copies are decoded anew: two deliveries must not share an object.
    const copies: Envelope[][] = []
    for (const [index, envelope] of frame.envelopes.entries()) {
      const delays = this.#fate(from, to, envelope)
      if (this.#ports.trace.written) {
        this.#write(delays.length === 0 ? 'lose' : 'send', from, to, [envelope], delays)
      }
      for (const [copy, delay] of delays.entries()) {
        copies[copy] ??= arriving(frame.envelopes, bytes)
        const one = copies[copy]?.[index]
        if (one === undefined) throw new Error('a frame arrives with what was sent')
        if (delay === 0) kept.push(one)
        else this.#arrive(from, to, direction, { ...frame, envelopes: [one] }, this.#delay() + delay)
      }
    }
    if (kept.length > 0) {
      this.#arriveInOrder(from, to, direction, { ...frame, envelopes: kept }, this.#delay())
    }
  }

  /** Delays beyond the usual one, one for each copy that arrives. */
  #fate(from: NodeId, to: NodeId, envelope: Envelope): readonly number[] {
    const { random } = this.#ports
    const weather = this.#weather
    if (random.chance(weather.loss)) {
      this.#ports.happened.add('lost')
      return []
    }
    const held = () => random.next() ** 2 * weather.maxDelayMs * 50
    const delays = [random.chance(weather.reorder) ? held() : 0]
    if (delays[0] !== 0) this.#ports.happened.add('overtaken')
    if (random.chance(weather.duplicate)) delays.push(held())
    const copies = this.faults.active ? this.#afterFaults(from, to, envelope, delays) : delays
    if (copies.length > 1) {
      this.doubled = true
      this.#ports.happened.add('doubled')
    }
    return copies
  }

  #afterFaults(from: NodeId, to: NodeId, envelope: Envelope, delays: readonly number[]): readonly number[] {
    const now = this.#ports.scheduler.now
    const verdict = this.faults.decide(from, to, typeOf(envelope.message), now)
    if (verdict.drop) return []
    return delays.flatMap(delay => verdict.delaysMs.map(more => delay + more))
  }

  #arriveInOrder(from: NodeId, to: NodeId, direction: number, frame: Frame, delayMs: number): void {
    const arrival = Math.max(this.#ports.scheduler.now + delayMs, this.#lastArrival[direction] ?? 0)
    this.#lastArrival[direction] = arrival
    this.#arrive(from, to, direction, frame, arrival - this.#ports.scheduler.now)
  }

  #arrive(from: NodeId, to: NodeId, direction: number, frame: Frame, delayMs: number): void {
    const deliver = () => this.#ports.deliver(from, to, frame)
    this.#ports.scheduler.after(delayMs, () => {
      const clogged = this.#clogs.get(direction)
      if (clogged === undefined) deliver()
      else clogged.push(deliver)
    })
  }

  #delay(): number {
    return this.#ports.random.between(this.#weather.minDelayMs, this.#weather.maxDelayMs)
  }

  #direction(from: NodeId, to: NodeId): number {
    return this.#indexOf(from) * this.#ports.nodes.length + this.#indexOf(to)
  }

  #indexOf(node: NodeId): number {
    const index = this.#index.get(node)
    if (index === undefined) throw new RangeError(`no node ${node} in this simulation`)
    return index
  }

  #write(
    kind: 'send' | 'lose',
    from: NodeId,
    to: NodeId,
    envelopes: readonly Envelope[],
    fate: unknown = '',
  ): void {
    const { trace, scheduler } = this.#ports
    for (const { from: sender, to: receiver, message } of envelopes) {
      trace.line({ at: scheduler.now, kind, node: from, peer: to, sender, receiver, message, fate })
    }
  }
}

function typeOf(message: unknown): string {
  if (typeof message !== 'object' || message === null || !('type' in message)) return ''
  return typeof message.type === 'string' ? message.type : ''
}
