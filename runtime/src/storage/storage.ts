/** What a node's durable store does, whichever engine is below: SQLite in production, memory in the simulator. */
import type { KeyRange, Rows } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'

/** One change to an actor's rows. `erase` with a range removes every key in it. */
export type Write =
  | { readonly actor: ActorId; readonly key: string; readonly value: unknown }
  | { readonly actor: ActorId; readonly erase: string | KeyRange }

/** Who this node is and what it can prove to remember (design: amnesia rule). */
export interface Identity {
  readonly cluster: string
  readonly node: NodeId
  readonly incarnation: string
  /** True until the host has settled that this incarnation lost nothing; set for one that follows a loss. */
  readonly amnesiac: boolean
}

/** The highest durable turn a peer was seen to claim, under its incarnation. */
export interface Sighting {
  readonly incarnation: string
  readonly turn: number
  /** Not heard from the peer itself but told by another, to a node that had lost its memory (membership, AM14). */
  readonly hearsay?: true
}

export interface Storage {
  /** Undefined in a store that was never used. */
  identity(): Identity | undefined
  /** Durable when it returns, together with what is known of the peers from now on. */
  setIdentity(identity: Identity, sightings?: ReadonlyMap<NodeId, Sighting>): void
  /** The number of the last committed turn; 0 before the first. */
  turn(): number
  rows(actor: ActorId): Rows
  /** Every actor that has rows. */
  actors(): ActorId[]
  /**
   * Writes all of a turn in one transaction, durable when it returns; `turn` must be `turn() + 1`. Later writes to
   * the same key win. Throws `StorageError`: then nothing of the turn was written and the caller must stop.
   */
  commit(turn: number, writes: readonly Write[], sightings?: ReadonlyMap<NodeId, Sighting>): void
  sightings(): ReadonlyMap<NodeId, Sighting>
  close(): void
}

export class StorageError extends Error {
  override readonly name: string = 'StorageError'
}
