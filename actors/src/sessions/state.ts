/**
 * State of the session actor. All of it is volatile: after a restart of the node nobody waits any more, and the
 * session gets a new id. What was asked of us is an `Ask`; what we ask of groups for it is a `Call`.
 */
import type { Json, NodeId, Outbox } from '@synod/runtime/protocol'
import type { AnswerTimes } from '../answer-times.ts'
import type { ShardMap } from '../sharding/shard-map.ts'
import type { KeysScanned, Share, TxKey } from '../transactions/messages.ts'
import type { Operation, TxId } from '../transactions/operations.ts'
import type { Asker } from './asker.ts'
import type { SessionRequest } from './messages.ts'

export interface SessionLimits {
  /** Most asks at a time; beyond it they are refused as overloaded. */
  readonly asks: number
  /** Most operations of one transaction. */
  readonly operations: number
  /** Operations in a chunk of a bulk, and chunks in flight per group. */
  readonly chunk: number
  readonly window: number
}
export const defaultLimits: SessionLimits = { asks: 10_000, operations: 1_000, chunk: 500, window: 3 }

export interface SessionConfig {
  /** Where to start from; stale is fine, the groups say so. */
  readonly map: ShardMap
  readonly limits?: Partial<SessionLimits>
}

export interface SessionState {
  readonly node: NodeId
  readonly limits: SessionLimits
  map: ShardMap
  own: OwnSession
  /** Who was last seen to lead a group. */
  readonly leaders: Map<string, NodeId>
  /** When that was last shown by an answer. */
  readonly heardMs: Map<string, number>
  /** Nodes that a hint said are away. */
  readonly down: Set<NodeId>
  readonly asks: Map<number, Ask>
  readonly calls: Map<number, Call>
  /** The call of each open submit, so that a retry by the client joins it. */
  readonly submits: Map<TxKey, number>
  /** The call that fetches the map, when one is open. */
  mapCall: number | undefined
  readonly answerTimes: AnswerTimes
  /** What others see of a number, as the tag of a call or of one of its sends, is above this one by as much. */
  readonly firstTag: number
  /** Numbers asks, calls and sends, from 1: small ones, which maps find quickly. */
  nextNumber: number
  ticking: boolean
}

/** The session that gives ids to transactions that came without one (RIFL). */
export interface OwnSession {
  /** What ids of this start of the node begin with. */
  readonly base: string
  readonly id: string
  nextSequence: number
  /** Sequence numbers without a final answer, in order. */
  readonly open: Set<number>
}

interface AskBase {
  readonly number: number
  readonly asker: Asker
  readonly deadlineAt: number
}
type Value = { readonly value: Json; readonly version: number }
export type Key = { readonly keyspace: string; readonly key: string }

export type TransactAsk = AskBase & { readonly kind: 'transact'; readonly id: TxId }
export type LookupAsk = AskBase & {
  readonly kind: 'lookup'
  readonly id: TxId
  /** The first key of its operations: where it was coordinated. */
  readonly keyspace: string
  readonly key: string
  readonly fingerprint: string | undefined
  /** Its own call; undefined while it waits for a transaction that is being tried here. */
  call: number | undefined
}
export type ReadAsk = AskBase & {
  readonly kind: 'read'
  readonly keys: readonly Key[]
  readonly fast: boolean
  /** By position; undefined until read. */
  readonly values: (Value | undefined)[]
  missing: number
}
export type ScanAsk = AskBase & {
  readonly kind: 'scan'
  readonly request: Extract<SessionRequest, { type: 'scan' }>
  readonly pages: KeysScanned[]
  missing: number
}
export type BulkAsk = AskBase & {
  readonly kind: 'bulk'
  /** Chunks not sent yet, by group; the next one is the last of its list. */
  readonly waiting: Map<string, Operation[][]>
  /** Chunks not answered yet, waiting ones included. */
  left: number
}
export type Ask = TransactAsk | LookupAsk | ReadAsk | ScanAsk | BulkAsk

export type SubmitWork = {
  readonly kind: 'submit'
  readonly id: TxId
  readonly tx: TxKey
  readonly operations: readonly Operation[]
  shares: readonly Share[]
  readonly firstIncomplete: number
  readonly fingerprint: string | undefined
  readonly retainMs: number | undefined
  /** Who waits for the outcome. */
  readonly asks: number[]
  /** Attempts up to this one are closed in the log. */
  after: number
  /** Numbers of the sends that may still cause something. Empty: certainly nothing is running, and nothing will. */
  readonly unsettled: number[]
}
export type LookupWork = {
  readonly kind: 'lookup'
  readonly ask: number
  readonly id: TxId
  readonly tx: TxKey
  readonly fingerprint: string | undefined
}
export type Work =
  | SubmitWork
  | LookupWork
  | { readonly kind: 'read'; readonly ask: number; readonly positions: readonly number[] }
  | { readonly kind: 'scan'; readonly ask: number }
  | { readonly kind: 'map' }

export interface Trouble {
  readonly status: 'unavailable' | 'overloaded'
  readonly detail: string
}

export interface Call {
  readonly number: number
  readonly work: Work
  group: string
  deadlineAt: number
  /**
   * - `sent`: an answer may come; `retryAt` sends again.
   * - `refused`: the last answer was definite, nothing runs; sent again at `retryAt`, or when a leader is learnt.
   * - `stale`: planned by another map than the group's; planned again when the map arrives.
   */
  phase: 'sent' | 'refused' | 'stale'
  target: NodeId | undefined
  /** How often it was sent. */
  sends: number
  /** The number of the last send. */
  send: number
  /** Sends without an answer since the last answer. */
  silent: number
  /** When the first of these was sent, or when what was asked went away and another was. */
  askedAt: number
  /** The last send, and what its patience is stretched by, so that not all is sent again at once. */
  sentAt: number
  jitter: number
  /** Hints followed since the last timer: two members that name each other must not spin. */
  hops: number
  retryAt: number
  /** Why it is not done yet, for the answer at the deadline; undefined: nobody said anything. */
  trouble: Trouble | undefined
}

/** What a handler works with. */
export interface Context {
  readonly state: SessionState
  readonly nowMs: number
  readonly out: Outbox
}

export function txKey(id: TxId): TxKey {
  return `${id.session}:${id.sequence}`
}

export function takeNumber(state: SessionState): number {
  const number = state.nextNumber
  state.nextNumber += 1
  return number
}

export function openSubmit(
  { calls, submits }: SessionState,
  tx: TxKey,
): { readonly call: Call; readonly work: SubmitWork } | undefined {
  const number = submits.get(tx)
  const call = number === undefined ? undefined : calls.get(number)
  return call?.work.kind === 'submit' ? { call, work: call.work } : undefined
}
