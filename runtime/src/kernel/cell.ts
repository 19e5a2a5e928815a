/** What the kernel keeps of one actor, and of one peer: the two ends a message can have. */
import type { AnyActorType } from '../actor.ts'
import { type ActorId, type Address, actorId, address, type NodeId } from '../address.ts'
import { SlabMap } from '../slab-map.ts'
import type { Due } from './due-heap.ts'
import { Mailbox } from './mailbox.ts'
import type { Activation, Envelope } from './ports.ts'

export type Status = 'running' | 'backingOff' | 'stopped'

/** An armed timer, or one that the running turn will arm. */
export interface Timer extends Due {
  readonly cell: Cell
  readonly name: string
  delayMs: number
  /** Set by this turn and waiting for its commit. */
  pending: boolean
}

export class Cell {
  readonly local = true
  readonly id: ActorId
  readonly address: Address
  readonly type: AnyActorType
  readonly config: unknown
  /** Actors of one node that are of no use without each other; undefined: the node is of no use without this one. */
  readonly group: string | undefined
  readonly limit: number
  readonly mailbox = new Mailbox()
  readonly urgent = new Mailbox()
  readonly timers = new SlabMap<string, Timer>()
  state: unknown = undefined
  status: Status = 'backingOff'
  /** In the queue of actors that have messages. */
  queued = false
  queuedUrgent = false
  handled = 0
  /**
   * The last turn in which this actor wrote rows, or heard, on this node, from one that had: until that turn is
   * committed its state may rest on rows that a crash would take (KN30). Turns are counted here by the kernel.
   */
  basis = 0
  restarts = 0
  /** When it failed, within the supervisor's window. */
  failures: number[] = []
  lastError: Error | undefined = undefined
  /** Waits in the supervisor's heap while it backs off. */
  readonly restart: Due & { readonly cell: Cell }

  constructor(node: NodeId, placement: Activation, defaultLimit: number) {
    const { type, name, config, group } = placement
    this.id = actorId(type.type, name)
    this.address = address(node, type.type, name)
    this.type = type
    this.config = config
    this.group = group
    this.limit = type.mailboxLimit ?? defaultLimit
    this.restart = { cell: this, due: 0, place: -1, order: 0 }
  }
}

/** Another node, and what leaves for it in this turn. */
export class Peer {
  readonly local = false
  readonly node: NodeId
  /** Where answers to its requests go; its kernel looks at the request, not at the address. */
  readonly asker: Address
  /** Leaves after the commit, and what need not wait for it. */
  leaving: Envelope[] = []
  early: Envelope[] = []

  constructor(node: NodeId) {
    this.node = node
    this.asker = address(node, 'kernel', 'asker')
  }
}
