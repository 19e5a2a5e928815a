/** What starts a node, and what one can do with it while it runs. */
import type { Server } from 'node:http'
import type { AnyActorType } from '../actor.ts'
import type { ActorId, Address, NodeId } from '../address.ts'
import type { FaultPlane } from '../faults/plane.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Activation, Answer, Limits, Observer } from '../kernel/ports.ts'
import type { Agreement } from '../mesh/agreement.ts'
import type { LinkStatus, Log, MeshLimits } from '../mesh/options.ts'
import type { Identity, Storage } from '../storage/storage.ts'

export interface ActorPlacement {
  readonly type: AnyActorType
  readonly name: string
  readonly config: unknown
  /** Actors of one group start anew and stop together; without its actors that have none the node ends (KN33–KN35). */
  readonly group?: string | undefined
}

export interface MemberAddress {
  readonly id: string
  readonly host: string
  readonly port: number
}

export interface NodeOptions {
  readonly cluster: string
  readonly node: NodeId
  /** The data folder; made when it is not there. */
  readonly folder: string
  /** Shared by all members; they prove to each other that they know it. */
  readonly secret: string
  /** What members must have the same beyond cluster and secret. */
  readonly agreement?: Agreement
  /** All members, this node included. */
  readonly members: readonly MemberAddress[]
  /** Created and listened on by the caller; the node takes the upgrades of `/mesh` and nothing else. */
  readonly server: Server
  /** Started, in this order, once it is settled what the node remembers. */
  readonly actors: readonly ActorPlacement[]
  readonly activate?: (id: ActorId) => Activation | undefined
  readonly observer?: Observer
  /** Whether message faults can be injected. */
  readonly faults?: boolean
  readonly log: Log
  readonly limits?: {
    readonly kernel?: Partial<Limits>
    readonly mesh?: Partial<MeshLimits>
    /** How long a sighting may stay unpersisted while no turn writes (AM8); 1,000 by default. */
    readonly sightingsMs?: number
  }
  /**
   * The node has stopped where it stood, as its store failed or an actor that it needs: the process must end. Called
   * at most once, and not during `startNode`, which rejects instead.
   */
  readonly onFatal: (error: unknown) => void
  /** Opens the store in the data folder; SQLite by default. */
  readonly openStorage?: (folder: string) => Storage
  /** For tests: protocols that change what they passed on fail. */
  readonly freeze?: boolean
}

export interface RunningNode {
  readonly node: NodeId
  /** Undefined until the standing is settled. Another one after a restart in place: do not keep it. */
  readonly kernel: Kernel | undefined
  /** Undefined until the standing is settled, in a new store. */
  readonly identity: Identity | undefined
  /** Present when the node was started with `faults`. */
  readonly faults: FaultPlane | undefined
  /** To an actor here or on a peer. Refused at once while the node is not ready or the peer not connected. */
  ask(to: Address, message: unknown, timeoutMs: number, trace?: string): Promise<Answer>
  /** The same without a promise: `done` is called once, perhaps at once, and must not throw. */
  request(
    to: Address,
    message: unknown,
    timeoutMs: number,
    done: (answer: Answer) => void,
    trace?: string,
  ): void
  /** Lost while the node is not ready. */
  tell(to: Address, message: unknown, trace?: string): void
  links(): LinkStatus[]
  /** The standing is settled and the actors have been started. */
  ready(): boolean
  readonly whenReady: Promise<void>
  /** The last committed turn. */
  turn(): number
  stop(): Promise<void>
}
