/**
 * What a shard's group replicates. Each command may be applied more than once, late, or on behalf of a leader that
 * was deposed meanwhile: what it finds in the store decides what it still does.
 */
import type { Assignment } from '../sharding/shard-map.ts'
import type { Age, Attempt, Commitment, Numbered, TxKey } from './messages.ts'
import type { OperationResult, Outcome, Refusal } from './operations.ts'

/** What is kept of a request, and for how long. */
export interface Retention {
  /** The session's first sequence number without an answer; 0 says nothing. */
  readonly firstIncomplete: number
  readonly fingerprint?: string
  readonly retainMs?: number
}
export interface NumberedResult {
  readonly index: number
  readonly result: OperationResult
}
export interface Refused {
  readonly reason: Refusal
  readonly operation: number
  readonly detail: string
}

/** A transaction whose keys all lie here. */
export interface Execute extends Attempt, Retention {
  readonly type: 'execute'
  readonly epoch: number
  readonly operations: readonly Numbered[]
}
/** This group's share of a transaction that another group coordinates. */
export interface PrepareShare extends Attempt {
  readonly type: 'prepare'
  readonly age: Age
  readonly epoch: number
  readonly coordinator: string
  /** All groups, the coordinator first. */
  readonly participants: readonly string[]
  readonly operations: readonly Numbered[]
}
export interface YesVote {
  readonly group: string
  readonly prepared: number
  readonly results: readonly NumberedResult[]
}
/** Commits, if this group's own share is possible now. A probe only refuses, if it is not. */
export interface Decide extends Attempt, Retention {
  readonly type: 'decide'
  readonly epoch: number
  readonly operations: readonly Numbered[]
  readonly votes: readonly YesVote[]
  readonly probe?: true
}
/** A participant voted no: the final answer. */
export interface Refuse extends Attempt, Retention {
  readonly type: 'refuse'
  readonly refused: Refused
}
/** Closes attempts that are not decided: none of them, and none before them, can commit any more. */
export interface Abort {
  readonly type: 'abort'
  readonly attempts: readonly (Attempt & { readonly age?: Age })[]
}
export interface FinishShares {
  readonly type: 'finish'
  readonly coordinator: string
  readonly commit: readonly Commitment[]
  readonly abort: readonly Attempt[]
}
export interface Forget {
  readonly type: 'forget'
  /** Participants that have replicated a commit. */
  readonly finished: readonly (Attempt & { readonly group: string })[]
  /** To look at: what has expired by the group's clock goes. */
  readonly records: readonly TxKey[]
  readonly tombstones: readonly TxKey[]
  readonly sessions: readonly string[]
}
export interface AssignShards {
  readonly type: 'assign'
  readonly assignment: Assignment
}
export type Command = Execute | PrepareShare | Decide | Refuse | Abort | FinishShares | Forget | AssignShards

/** How a request to execute or to decide ended. */
export type Decision =
  /** Now, or before: the answer is recorded. */
  | { readonly status: 'decided'; readonly outcome: Outcome }
  | { readonly status: 'expired' | 'conflictingRequest' }
  /** This attempt was closed before; `closed` is the last closed one. */
  | { readonly status: 'closed'; readonly closed: number }
  | { readonly status: 'wrongEpoch' }
  /** Nothing is recorded: a prepared transaction is in the way, or pending adds leave it open whether this one fits. */
  | { readonly status: 'locked' }
  /** A probe found nothing against the own share. */
  | { readonly status: 'possible' }

export type PrepareResult =
  | { readonly vote: 'yes'; readonly prepared: number; readonly results: readonly NumberedResult[] }
  | ({ readonly vote: 'no' } & Refused)
  | { readonly vote: 'locked' }
  | { readonly vote: 'retry'; readonly why: 'wounded' | 'wrongEpoch' }

/** Where each attempt of an abort stands now. */
export interface AbortResult {
  readonly closed: readonly Attempt[]
  /** Decided before. */
  readonly decided: readonly TxKey[]
}
export interface ForgetResult {
  readonly forgotten: number
}
export type Result = Decision | PrepareResult | AbortResult | ForgetResult | null
