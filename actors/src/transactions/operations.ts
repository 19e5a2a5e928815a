/** The operations of a transaction, and how it can end. What a client, a service or `POST /tx` sends. */
import type { Json } from '@synod/runtime/protocol'

interface OnKey {
  readonly keyspace: string
  readonly key: string
}
/**
 * `external`: the change comes from, or goes to, the world outside (a delivery to the warehouse, a refund). The shard
 * counts it in the same command, so that conservation can be proved: initial + in − out = held.
 */
interface Change extends OnKey {
  readonly external?: boolean
}
export type Operation =
  | ({ readonly op: 'get' } & OnKey)
  /** Keys with this prefix on the shard of `key`; phantoms are locked out. */
  | ({ readonly op: 'scan'; readonly prefix: string; readonly limit?: number } & OnKey)
  | ({ readonly op: 'put'; readonly value: Json } & Change)
  | ({ readonly op: 'delete' } & Change)
  /**
   * Adds to an integer, within bounds; concurrent adds do not lock each other out (escrow). A missing key counts as
   * `initial`, or fails.
   */
  | ({
      readonly op: 'add'
      readonly amount: number
      readonly min?: number
      readonly max?: number
      readonly initial?: number
    } & Change)
  /** Appends to a list; a missing key is an empty one. */
  | ({ readonly op: 'append'; readonly value: Json } & Change)
  | ({ readonly op: 'check' } & OnKey & Condition)

/** Exactly one of them. `version` 0 means: does not exist. */
export interface Condition {
  readonly equals?: Json
  readonly exists?: boolean
  readonly atLeast?: number
  readonly version?: number
}

/** A transaction's id: a client session and its number there (RIFL). Retries carry the same. */
export interface TxId {
  readonly session: string
  readonly sequence: number
}

/** Result of one operation, in the order of the operations. */
export type OperationResult =
  | { readonly value: Json; readonly version: number } // get; a missing key: value null, version 0
  | { readonly entries: readonly { readonly key: string; readonly value: Json; readonly version: number }[] } // scan
  | { readonly version: number } // put, delete, append
  | { readonly value: number | null } // add: the new value when this shard alone decided, else null
  | { readonly ok: true } // check

export type Refusal =
  | 'missing' // add to a key that does not exist
  | 'outOfBounds' // add would leave its bounds
  | 'checkFailed'
  | 'notANumber' // add to something else
  | 'notAList'
  | 'tooLarge'
  | 'invalid'

/**
 * - `committed`, `refused` (with the operation that could not be): final; a retry gets the same.
 * - `unavailable`, `overloaded`: definite, nothing happened; the same id may be tried again.
 * - `conflictingRequest`: this id was used for another request. `expired`: its answer is no longer known; it cannot execute.
 * - `unknown`: indefinite; asking again with the same id tells.
 */
export type Outcome =
  | { readonly status: 'committed'; readonly results: readonly OperationResult[] }
  | {
      readonly status: 'refused'
      readonly reason: Refusal
      readonly operation: number
      readonly detail: string
    }
  | {
      readonly status: 'unavailable' | 'overloaded' | 'conflictingRequest' | 'expired' | 'unknown'
      readonly detail: string
    }
