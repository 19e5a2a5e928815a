/**
 * What the session actor of a node (`<node>/session/main`) is asked, by request (gateway, client) or by message
 * (services). It knows the shard map and the leaders, retries until the deadline, and answers once.
 */
import type { Json, NodeId } from '@synod/runtime/protocol'
import type { ShardMap } from '../sharding/shard-map.ts'
import type { Operation, OperationResult, Outcome, TxId } from '../transactions/operations.ts'

export type SessionRequest =
  /** Runs a transaction exactly once. Without `id` the session gives it one of its own. Answer: `TransactAnswer`. */
  | {
      readonly type: 'transact'
      readonly operations: readonly Operation[]
      readonly id?: TxId
      /** The client's first sequence number without an answer: what is below may be forgotten (RIFL). */
      readonly firstIncomplete?: number
      /** Identifies the request behind the id; another one under the same id is refused. */
      readonly fingerprint?: string
      /** Keep the answer this long for retries; default: until `firstIncomplete` passes it. */
      readonly retainMs?: number
      readonly deadlineMs: number
      /** Correlates, when the asker is an actor. */
      readonly tag?: number
    }
  /**
   * Linearizable reads of single keys, without a log write. Answer: `ReadAnswer`. `fast` reads the leader's own state
   * without a quorum round: only for what a later check validates.
   */
  | {
      readonly type: 'read'
      readonly keys: readonly { readonly keyspace: string; readonly key: string }[]
      readonly fast?: boolean
      readonly deadlineMs: number
      readonly tag?: number
    }
  /** Linearizable per shard. Answer: `ScanAnswer`. */
  | {
      readonly type: 'scan'
      readonly keyspace: string
      readonly prefix: string
      readonly after?: string
      readonly limit: number
      readonly deadlineMs: number
      readonly tag?: number
    }
  /**
   * Many operations, not atomic together: split by group and in chunks, each chunk a transaction of its own; safe to
   * repeat. Answer: `BulkAnswer`.
   */
  | {
      readonly type: 'bulk'
      readonly operations: readonly Operation[]
      readonly deadlineMs: number
      readonly tag?: number
    }
  /**
   * What became of a transaction. Answer: `TransactAnswer`; `unavailable` when nothing is known of it. `key` names
   * the shard that coordinated: the first key of the operations.
   */
  | {
      readonly type: 'lookup'
      readonly id: TxId
      /** A record of another request under this id answers `conflictingRequest`. */
      readonly fingerprint?: string
      readonly keyspace: string
      readonly key: string
      readonly deadlineMs: number
      readonly tag?: number
    }
  /**
   * What this node believes of where things are: hints, for clients that want to ask the right node. Answer:
   * `RoutesAnswer`.
   */
  | { readonly type: 'routes'; readonly deadlineMs: number; readonly tag?: number }

export type SessionAnswer = TransactAnswer | ReadAnswer | ScanAnswer | BulkAnswer | RoutesAnswer
export interface RoutesAnswer {
  readonly type: 'routes'
  readonly node: NodeId
  readonly map: ShardMap
  /** Group → the node that leads it. */
  readonly leaders: Readonly<Record<string, NodeId>>
  readonly tag?: number
}
export interface BulkAnswer {
  readonly type: 'bulkDone'
  readonly status: 'ok' | 'unavailable' | 'overloaded' | 'refused'
  readonly detail: string
  /** Some of it was sent: where it failed, a part may be done. Missing: nothing was. */
  readonly begun?: true
  readonly tag?: number
}
export interface TransactAnswer {
  readonly type: 'transacted'
  readonly id: TxId
  readonly outcome: Outcome
  readonly tag?: number
}
export type ReadAnswer =
  | {
      readonly type: 'read'
      readonly status: 'ok'
      readonly values: readonly { readonly value: Json; readonly version: number }[]
      readonly tag?: number
    }
  | {
      readonly type: 'read'
      readonly status: 'unavailable' | 'overloaded' | 'refused'
      readonly detail: string
      readonly tag?: number
    }
export type ScanAnswer =
  | {
      readonly type: 'scanned'
      readonly status: 'ok'
      readonly entries: Extract<OperationResult, { entries: unknown }>['entries']
      readonly more: boolean
      readonly tag?: number
    }
  | {
      readonly type: 'scanned'
      readonly status: 'unavailable' | 'overloaded' | 'refused'
      readonly detail: string
      readonly tag?: number
    }
