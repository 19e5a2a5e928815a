/**
 * Messages of transactions over groups. `Leader` means: the leader side of a group's state machine, reached at the
 * front door of the member that leads; another member answers `notLeader`.
 *
 * Two-phase commit after Gray, with the order's group as coordinator and the decision logged there; termination
 * rules in SPEC.md.
 */
import type { Address, Json } from '@synod/runtime/protocol'
import type { Assign } from '../sharding/messages.ts'
import type { PrepareShare } from './commands.ts'
import type { Operation, OperationResult, Outcome, Refusal, TxId } from './operations.ts'

/** `session:sequence`. */
export type TxKey = string
/**
 * One try at a transaction: attempts are numbered from 1, and a decision to abort covers all attempts up to its own.
 */
export interface Attempt {
  readonly tx: TxKey
  readonly attempt: number
}
/** Wound-wait order: the older wins. Kept by all attempts of a transaction. */
export interface Age {
  readonly timeMs: number
  readonly tx: TxKey
}
/** An operation and its position in the client's list. */
export interface Numbered {
  readonly index: number
  readonly operation: Operation
}
/** What one group does in a transaction. */
export interface Share {
  readonly group: string
  readonly operations: readonly Numbered[]
}

// ---------------------------------------------------------------- session ⇄ coordinating leader
/** The first share is the coordinating group's. */
export interface Submit {
  readonly type: 'submit'
  readonly id: TxId
  readonly shares: readonly Share[]
  /** Shard-map epoch that the shares were computed under. */
  readonly epoch: number
  readonly firstIncomplete: number
  readonly fingerprint?: string
  readonly retainMs?: number
  /** How much longer the asker waits. */
  readonly patienceMs: number
  /** Counts the asker's sends of this transaction: lets it know which of them can no longer cause anything. */
  readonly send?: number
  /**
   * Attempts up to this number are closed, as far as the asker knows. Where the log has closed more, the message is an
   * old one, late or doubled, and must start nothing: it is answered `unavailable`, with what is closed.
   */
  readonly after?: number
}
export interface Submitted {
  readonly type: 'submitted'
  readonly id: TxId
  readonly outcome: Outcome
  /** To a submit: the highest `send` of this asker that had arrived here. */
  readonly send?: number
  /** To a lookup. */
  readonly tag?: number
  /** With `unavailable`: the log has closed the attempts up to this one. */
  readonly closed?: number
}
export interface ReadKeys {
  readonly type: 'readKeys'
  readonly tag: number
  readonly epoch: number
  readonly keys: readonly { readonly keyspace: string; readonly key: string }[]
  /** From the leader's own state, without a quorum round and without waiting for prepared writes. */
  readonly fast: boolean
}
export interface KeysRead {
  readonly type: 'keysRead'
  readonly tag: number
  readonly values: readonly { readonly value: Json; readonly version: number }[]
}
export interface ScanKeys {
  readonly type: 'scanKeys'
  readonly tag: number
  readonly epoch: number
  readonly keyspace: string
  readonly prefix: string
  readonly after?: string
  readonly limit: number
}
export interface KeysScanned {
  readonly type: 'keysScanned'
  readonly tag: number
  readonly entries: Extract<OperationResult, { entries: unknown }>['entries']
  readonly more: boolean
}
/** What is known of a transaction here. Answered by `Submitted`: `unavailable` when nothing is. */
export interface Lookup {
  readonly type: 'lookup'
  readonly id: TxId
  /** A record of another request under this id answers `conflictingRequest`. */
  readonly fingerprint?: string
  /** Echoed: another lookup of this id may have been asked before something happened. */
  readonly tag: number
}
/** Any of the above met a member that does not lead; ask `leader`, or another when it knows none. */
export interface NotLeader {
  readonly type: 'notLeader'
  readonly group: string
  readonly leader: string | null
  /** What was refused: the id of a submit or lookup, the tag of a read, the attempts of the rest. */
  readonly tx?: TxKey
  readonly tag?: number
  /** Echoed by one that did nothing with the submit. Absent when leadership was lost meanwhile: it may still happen. */
  readonly send?: number
}
/** The shares or keys were placed by another shard map than this group's; fetch the map and plan again. Definite. */
export interface WrongEpoch {
  readonly type: 'wrongEpoch'
  readonly group: string
  readonly epoch: number
  readonly tx?: TxKey
  readonly tag?: number
  readonly send?: number
  /** Set when it had begun: the log has closed the attempts up to this one. */
  readonly closed?: number
}
/** Too much waits here already. Definite. */
export interface Overloaded {
  readonly type: 'overloaded'
  readonly group: string
  readonly tx?: TxKey
  readonly tag?: number
  readonly send?: number
  /** Set when it had begun: the log has closed the attempts up to this one. */
  readonly closed?: number
}

// ---------------------------------------------------------------- coordinating leader ⇄ participating leaders
/** Asks for a vote on a share. */
export interface Prepare {
  readonly type: 'prepare'
  /** Drawn by each leader that coordinates; the vote carries it back. */
  readonly nonce: number
  /** What the participant replicates. */
  readonly share: PrepareShare
}
export type Vote = Attempt & { readonly type: 'vote'; readonly nonce: number; readonly group: string } & (
    | {
        readonly vote: 'yes'
        /**
         * Position of the prepare in the participant's history: a commit names it, so that no other prepare is
         * committed.
         */
        readonly prepared: number
        readonly results: readonly { readonly index: number; readonly result: OperationResult }[]
      }
    | { readonly vote: 'no'; readonly reason: Refusal; readonly operation: number; readonly detail: string }
    /** Another attempt is needed: wounded, or the map changed. */
    | { readonly vote: 'retry'; readonly why: 'wounded' | 'wrongEpoch' | 'overloaded' }
  )
/** Commits the prepare of this attempt that has this position. */
export interface Commitment extends Attempt {
  readonly prepared: number
}
/** Decisions for one group, all that one turn brought. Re-sent until `finished`. */
export interface Finish {
  readonly type: 'finish'
  readonly coordinator: string
  readonly commit: readonly Commitment[]
  readonly abort: readonly Attempt[]
}
export interface Finished {
  readonly type: 'finished'
  readonly group: string
  readonly attempts: readonly Attempt[]
}
/** In doubt: what was decided? Where nothing stands and nobody coordinates, abort is logged and answered. */
export interface Inquire {
  readonly type: 'inquire'
  readonly group: string
  readonly attempts: readonly Attempt[]
}
/** An older transaction waits for this one: abort it unless it is decided. */
export interface Wound extends Attempt {
  readonly type: 'wound'
  readonly by: TxKey
}

/** What is under way here, for operators. Answered by `TransactionsStatus` (status.ts). */
export interface ListTransactions {
  readonly type: 'transactions'
}

export type TransactionMessage =
  | Submit
  | ReadKeys
  | ScanKeys
  | Lookup
  | Prepare
  | Vote
  | Finish
  | Finished
  | Inquire
  | Wound
  | NotLeader
  | ListTransactions
  | Assign
export type ToSession = Submitted | KeysRead | KeysScanned | NotLeader | WrongEpoch | Overloaded
export type ReplyTo = Address
