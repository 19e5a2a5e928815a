/**
 * Where messages go: into the mailbox of an actor here, to a peer at the end of the turn, or to the dead letters.
 * Actors with messages wait in a queue and take turns, so that a flooded one cannot starve another.
 */

import type { Request } from '../actor.ts'
import type { Address, NodeId } from '../address.ts'
import { nodeOf } from '../address.ts'
import { type Cell, Peer } from './cell.ts'
import { notYet, type WaitingEvent, type WaitingMessage } from './mailbox.ts'
import type { Answer, DeadLetterReason, Envelope, KernelPorts } from './ports.ts'
import { Ring } from './ring.ts'

/** Remote addresses remembered with their peer; forgotten all at once beyond this. */
const rememberedRoutes = 100_000

export class Delivery {
  /** Actors with messages in their normal and in their urgent lane. */
  readonly ready = new Ring<Cell>()
  readonly readyUrgent = new Ring<Cell>()
  readonly #node: NodeId
  readonly #cells = new Map<Address, Cell>()
  readonly #remote = new Map<Address, Peer>()
  readonly #peers = new Map<NodeId, Peer>()
  #leaving: Peer[] = []
  #leavingEarly: Peer[] = []
  /** Envelopes that leave in this turn. */
  leaving = 0
  /** Counts turns; the running or next one. A message with this basis waits for its commit, any other need not. */
  serial = 1
  readonly #activate: (to: Address) => Cell | undefined
  readonly #deadLetter: (envelope: Envelope, reason: DeadLetterReason) => void

  constructor(
    node: NodeId,
    activate: (to: Address) => Cell | undefined,
    deadLetter: (envelope: Envelope, reason: DeadLetterReason) => void,
  ) {
    this.#node = node
    this.#activate = activate
    this.#deadLetter = deadLetter
  }

  get hasWork(): boolean {
    return this.ready.length + this.readyUrgent.length + this.#leaving.length + this.#leavingEarly.length > 0
  }

  add(cell: Cell): void {
    this.#cells.set(cell.address, cell)
  }

  /** From an actor of this node. */
  send(from: Address, to: Address, message: unknown, trace: string | undefined, basis: number): void {
    if (this.deliver(from, to, message, trace, basis)) return
    const envelope = trace === undefined ? { to, from, message } : { to, from, message, trace }
    const peer = this.#route(to)
    if (peer === undefined) this.#deadLetter(envelope, 'no such actor')
    else this.#leave(peer, envelope, basis)
  }

  /** False when the actor is not on this node. */
  deliver(from: Address, to: Address, message: unknown, trace: string | undefined, basis: number): boolean {
    const cell = this.#cells.get(to) ?? this.#absent(to)
    if (cell === undefined) return false
    const reason = this.#enqueue(cell, { kind: 'message', from, message, now: notYet, basis }, trace)
    if (reason !== undefined) this.#deadLetter({ to, from, message }, reason)
    return true
  }

  /** A request from this node or another; says why when it cannot be delivered. */
  request(
    to: Address,
    request: Request,
    message: unknown,
    trace: string | undefined,
  ): DeadLetterReason | undefined {
    const cell = this.#cells.get(to) ?? this.#absent(to)
    if (cell !== undefined)
      return this.#enqueue(cell, { kind: 'request', request, message, now: notYet, basis: 0 }, trace)
    const peer = request.node === this.#node ? this.#route(to) : undefined
    if (peer === undefined) return 'no such actor'
    const envelope = { to, from: '' as Address, message, request }
    this.#leave(peer, trace === undefined ? envelope : { ...envelope, trace }, 0)
    return undefined
  }

  /** The answer to a peer's request. */
  answer(from: Address, request: Request, answer: Answer, trace: string | undefined, basis: number): void {
    const peer = this.#peer(request.node)
    const envelope = { to: peer.asker, from, message: answer, request, isReply: true as const }
    this.#leave(peer, trace === undefined ? envelope : { ...envelope, trace }, basis)
  }

  /** Tells an actor that watches its peers. */
  observe(cell: Cell, node: NodeId, reachable: boolean): void {
    const event: WaitingEvent = { kind: 'peer', node, reachable, now: notYet, basis: 0 }
    if (cell.status === 'stopped' || cell.urgent.length >= cell.limit) return
    cell.urgent.push(event, undefined)
    this.#queueUrgent(cell)
  }

  /** The actor runs again: what waited for it goes on. */
  resume(cell: Cell): void {
    if (cell.mailbox.length > 0) this.#queue(cell)
    if (cell.urgent.length > 0) this.#queueUrgent(cell)
  }

  /** Before the commit: what rests on nothing that this turn writes (KN30). */
  releaseEarly(ports: Pick<KernelPorts, 'transmit'>): void {
    if (this.#leavingEarly.length === 0) return
    const leaving = this.#leavingEarly
    this.#leavingEarly = []
    for (const peer of leaving) {
      const envelopes = peer.early
      peer.early = []
      ports.transmit(peer.node, envelopes, true)
    }
  }

  /** After the commit: everything else. */
  release(ports: Pick<KernelPorts, 'transmit'>): void {
    this.serial++
    this.#joinEarly()
    this.leaving = 0
    if (this.#leaving.length === 0) return
    const leaving = this.#leaving
    this.#leaving = []
    for (const peer of leaving) {
      const envelopes = peer.leaving
      peer.leaving = []
      ports.transmit(peer.node, envelopes, false)
    }
  }

  /** There was no commit to wait for: all leaves in one piece. */
  #joinEarly(): void {
    if (this.#leavingEarly.length === 0) return
    for (const peer of this.#leavingEarly) {
      if (peer.leaving.length === 0) this.#leaving.push(peer)
      peer.leaving = peer.early.concat(peer.leaving)
      peer.early = []
    }
    this.#leavingEarly = []
  }

  #enqueue(cell: Cell, event: WaitingMessage, trace: string | undefined): DeadLetterReason | undefined {
    if (cell.status === 'stopped') return 'stopped'
    if (cell.type.urgent !== undefined && isUrgent(cell, event.message)) {
      if (cell.urgent.length >= cell.limit) return 'overloaded'
      cell.urgent.push(event, trace)
      this.#queueUrgent(cell)
      return undefined
    }
    if (cell.mailbox.length >= cell.limit) return 'overloaded'
    cell.mailbox.push(event, trace)
    this.#queue(cell)
    return undefined
  }

  #queue(cell: Cell): void {
    if (cell.queued || cell.status !== 'running') return
    cell.queued = true
    this.ready.push(cell)
  }

  #queueUrgent(cell: Cell): void {
    if (cell.queuedUrgent || cell.status !== 'running') return
    cell.queuedUrgent = true
    this.readyUrgent.push(cell)
  }

  #leave(peer: Peer, envelope: Envelope, basis: number): void {
    this.leaving++
    if (basis === this.serial) {
      if (peer.leaving.length === 0) this.#leaving.push(peer)
      peer.leaving.push(envelope)
    } else {
      if (peer.early.length === 0) this.#leavingEarly.push(peer)
      peer.early.push(envelope)
    }
  }

  /** No actor is there: on another node, unknown, or to be started now that it is spoken to. */
  #absent(to: Address): Cell | undefined {
    if (this.#remote.has(to) || nodeOf(to) !== this.#node) return undefined
    return this.#activate(to)
  }

  /** The peer behind a remote address; undefined for an address on this node. */
  #route(to: Address): Peer | undefined {
    const known = this.#remote.get(to)
    if (known !== undefined) return known
    const node = nodeOf(to)
    if (node === this.#node) return undefined
    const peer = this.#peer(node)
    if (this.#remote.size >= rememberedRoutes) this.#remote.clear()
    this.#remote.set(to, peer)
    return peer
  }

  #peer(node: NodeId): Peer {
    let peer = this.#peers.get(node)
    if (peer === undefined) {
      peer = new Peer(node)
      this.#peers.set(node, peer)
    }
    return peer
  }
}

/** A message that breaks `urgent` is left to break `receive`, where the supervisor takes care of it. */
function isUrgent(cell: Cell, message: unknown): boolean {
  try {
    return cell.type.urgent?.(message) === true
  } catch {
    return false
  }
}
