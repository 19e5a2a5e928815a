/**
 * The kernel runs the turns of one node; what it needs from the world are these ports. The production node fills
 * them with SQLite, WebSockets and the machine's clock, the simulator with virtual ones.
 */
import type { AnyActorType, Json, Now, Request } from '../actor.ts'
import type { ActorId, Address, NodeId } from '../address.ts'
import type { Sighting, Storage } from '../storage/storage.ts'

/** One message on its way. `request` is set on a request and on its answer (`isReply`). */
export interface Envelope {
  readonly to: Address
  /** Empty when the sender is a request from outside the actors. */
  readonly from: Address
  readonly message: unknown
  readonly request?: Request
  readonly isReply?: true
  /** W3C traceparent of the span that caused it. */
  readonly trace?: string
}

/** How a request ended. `refused` is definite (nothing of it happened), `timeout` is not. */
export type Answer =
  | { readonly outcome: 'answered'; readonly result: unknown }
  | { readonly outcome: 'refused'; readonly reason: DeadLetterReason }
  | { readonly outcome: 'timeout' }

/**
 * `failed`: the actor threw while it handled the request; none of its effects happened. `late reply`: its request was
 * answered or had timed out before.
 */
export type DeadLetterReason =
  | 'no such actor'
  | 'overloaded'
  | 'stopped'
  | 'failed'
  | 'unreachable'
  | 'fault'
  | 'late reply'

/** What the host is told, for the event feed, metrics and traces. Must not throw or re-enter the kernel. */
export interface Observer {
  note?(actor: Address, name: string, attributes: Readonly<Record<string, Json>>, now: Now): void
  deadLetter?(envelope: Envelope, reason: DeadLetterReason): void
  failed?(actor: Address, error: Error, restarts: number): void
  /** The actor failed too often. */
  escalated?(actor: Address, error: Error, step: Escalation): void
  /** After the commit of a turn, before its messages leave. */
  turnEnded?(turn: TurnReport): void
}

/** What an actor that failed too often leads to on this node: the last one is followed by the kernel's end. */
export type Escalation = 'groupRestarted' | 'groupStopped' | 'nodeEnds'

export interface TurnReport {
  readonly turn: number
  readonly events: number
  readonly writes: number
  readonly sent: number
  readonly commitMs: number
}

export interface Limits {
  /** Events in one turn, local deliveries included. */
  readonly turnEvents: number
  /** Most milliseconds a turn handles events before it commits. */
  readonly turnMs: number
  readonly mailbox: number
  readonly requests: number
  /** Groups that may stop on this node within 10 minutes before the node ends (KN35). */
  readonly stoppedGroups: number
}

/** An actor that the host lets begin to exist when it is first spoken to. `name` as in its id. */
export interface Activation {
  readonly type: AnyActorType
  readonly name: string
  readonly config: unknown
  /** Fails together with the other actors of that group on this node (KN33). */
  readonly group?: string | undefined
}

export interface KernelPorts {
  readonly node: NodeId
  readonly incarnation: string
  readonly amnesiac: boolean
  readonly storage: Storage
  clock(): Now
  random(): number
  /**
   * At most twice per peer and turn: before its commit (`early`) with what rests on nothing that the turn writes, and
   * after it with the rest; in one piece when the turn writes nothing. Lossy.
   */
  transmit(peer: NodeId, envelopes: readonly Envelope[], early: boolean): void
  /** What the host saw of its peers since it was last asked; goes into the turn's commit (amnesia rule). */
  sightings?(): ReadonlyMap<NodeId, Sighting> | undefined
  /** There is work, or a nearer timer: the host should run a turn at `nextTurnAt()`. */
  wake(): void
  /**
   * Asked when a message comes for an actor that is not there: the actor that is to be started for it, in the next
   * turn. The message waits for it.
   */
  activate?(id: ActorId): Activation | undefined
  readonly observer?: Observer
  readonly limits?: Partial<Limits>
  /**
   * Deep-freezes what is sent and saved, so that a protocol that changes it afterwards fails. For tests and
   * simulation.
   */
  readonly freeze?: boolean
  /** Where a test or the simulator may stop the node: by throwing, which the kernel lets through. */
  crashPoint?(at: 'beforeCommit' | 'afterCommit', turn: number): void
}
