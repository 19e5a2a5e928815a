/**
 * The contract between a protocol and its host.
 *
 * A protocol is a synchronous deterministic function over plain state. It never awaits, opens, reads a clock or
 * rolls dice: it records what should happen in an outbox, and the host makes it happen, durable before visible.
 * The same code runs in a production node, in the simulator, in a bounded search and in a unit test.
 */
import type { Address, NodeId } from './address.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Two readings of time, taken after the event arrived. */
export interface Now {
  /** Never goes back within one incarnation of a node; for time-outs. Milliseconds, arbitrary origin. */
  readonly monotonicMs: number
  /** The node's wall clock; for display only. What must expire by wall time is decided in a replicated log. */
  readonly wallMs: number
}

/** Names one request; opaque to protocols, good for `reply` only. Lost when the node restarts. */
export interface Request {
  readonly node: NodeId
  readonly id: number
}

export interface MessageEvent<Message> {
  readonly kind: 'message'
  readonly from: Address
  readonly message: Message
  readonly now: Now
}
/** A message whose sender, outside the actors (gateway, CLI, test), awaits one reply until its deadline. */
export interface RequestEvent<Message> {
  readonly kind: 'request'
  readonly request: Request
  readonly message: Message
  readonly now: Now
}
export interface TimerEvent {
  readonly kind: 'timer'
  readonly name: string
  readonly now: Now
}
/** A link came up or went down, or a peer became suspect. Only a hint: nothing may be decided by it alone. */
export interface PeerEvent {
  readonly kind: 'peer'
  readonly node: NodeId
  readonly reachable: boolean
  readonly now: Now
}
export type Event<Message> = MessageEvent<Message> | RequestEvent<Message> | TimerEvent | PeerEvent

/** From `from` (included) to `to` (excluded), in the order of UTF-16 code units. */
export interface KeyRange {
  readonly from: string
  readonly to: string
}

/**
 * What an actor wants to happen. All of it is dropped when `receive` throws; otherwise rows are committed first,
 * and only then messages, replies and timers leave. What was passed in must not be changed afterwards.
 */
export interface Outbox<Message = unknown> {
  /** At most once, unordered across peers; lost when the peer is unreachable or full: protocols send again. */
  send(to: Address, message: Message): void
  /** Answers a request. A second reply to the same request is ignored. */
  reply(request: Request, result: unknown): void
  /** Writes one of this actor's durable rows. Any structured-cloneable value, `Uint8Array` included. */
  save(key: string, value: unknown): void
  erase(key: string | KeyRange): void
  /** Arms or re-arms. Volatile: `start` arms anew. 0 means: in the next turn. */
  setTimer(name: string, delayMs: number): void
  cancelTimer(name: string): void
  /** Uniform in [0, 1), from the node's seeded stream. */
  random(): number
  /** Lands on the current span and in the event feed. */
  note(name: string, attributes?: Readonly<Record<string, Json>>): void
}

/** An actor's own durable rows, as its last committed turn left them. */
export interface Rows {
  get(key: string): unknown
  /** In key order. Without a range: all rows. */
  entries(range?: KeyRange): Iterable<readonly [key: string, value: unknown]>
}

/** Who starts: handed to `start` by the host. */
export interface Start<Config> {
  readonly config: Config
  readonly self: Address
  readonly node: NodeId
  /** New whenever the node could not prove that it remembers all it ever acknowledged. */
  readonly incarnation: string
  /** True when this incarnation follows a loss of memory: what votes must first recover (amnesia rule). */
  readonly amnesiac: boolean
  readonly now: Now
}

export interface ActorType<State = unknown, Message = unknown, Config = unknown> {
  /** The role, as the papers call it: `acceptor`. */
  readonly type: string
  /** Rebuilds the state from the actor's own durable rows; they are empty on the first start. */
  start(start: Start<Config>, rows: Rows, out: Outbox): State
  receive(state: State, event: Event<Message>, out: Outbox): void
  /** Throws when an invariant of the protocol is broken. */
  check?(state: State): void
  /** One stable picture: for the dashboard, golden traces and bug reports. */
  describe(state: State): Json
  /** Heartbeats and the like: handled before everything else that waits. */
  urgent?(message: Message): boolean
  /** Most messages that may wait (default 10,000); beyond it messages are dropped and requests refused. */
  readonly mailboxLimit?: number
  /** Whether the actor wants `PeerEvent`s. */
  readonly observesPeers?: boolean
}

/** Any actor type, its parts forgotten; what hosts keep. */
// biome-ignore lint/suspicious/noExplicitAny: state, message and configuration are private to each type.
export type AnyActorType = ActorType<any, any, any>

/** Ends a `switch` over a union: a case that is missing does not compile, one that slips in throws. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}

/** An invariant. Stays on in production: what is broken must stop before it spreads. */
export function assert(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new InvariantBroken(rule)
}

export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken'
}
