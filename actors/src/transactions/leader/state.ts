/**
 * What only a leader knows: who waits, what it coordinates, what others still owe. All of it volatile: a new leader
 * starts from the prepared and the unfinished rows, and everybody who waits asks again.
 */
import { type Address, type NodeId, type Request, SlabMap } from '@synod/runtime/protocol'
import type { AnswerTimes } from '../../answer-times.ts'
import { emptyLockTable, type LockTable } from '../../concurrency/lock-table.ts'
import { emptyQueue, type WaitQueue } from '../../concurrency/waiting.ts'
import type { LeaderOutbox, Seat } from '../../replicated/state-machine.ts'
import type { Command, PrepareShare, YesVote } from '../commands.ts'
import type { Age, Attempt, Commitment, Lookup, ReadKeys, ScanKeys, Submit, TxKey } from '../messages.ts'

/** Whoever asked: of a submit the highest of its sends that arrived, of a lookup its tag. */
export interface Asker {
  readonly to: Address | Request
  readonly send: number | undefined
  readonly tag: number | undefined
}

/** `who`: as whom; nobody waits twice as one. */
export interface Waiting extends Asker {
  readonly who: string
}

/** Where a transaction that was submitted here stands. */
export type Phase =
  /** For the own share's locks; holds nothing. */
  | { readonly at: 'waiting' }
  | {
      readonly at: 'preparing'
      readonly votes: Map<string, YesVote>
      readonly askedMs: number
      sentMs: number
      sends: number
    }
  /** In the log's hands. */
  | { readonly at: 'proposed' }
  /** The abort of this attempt is proposed. */
  | { readonly at: 'closing'; readonly then: AfterClosing }
  | { readonly at: 'backoff'; readonly untilMs: number }
export type AfterClosing = 'retry' | 'unavailable' | 'overloaded' | 'wrongEpoch'

export interface Running {
  readonly tx: TxKey
  readonly submit: Submit
  readonly age: Age
  readonly askers: Waiting[]
  attempt: number
  deadlineMs: number
  /** Whether participants may have prepared this attempt. */
  asked: boolean
  phase: Phase
}

/** Where the vote goes, and what it carries back. */
export interface VoteAsker {
  readonly to: Address
  readonly nonce: number
}
export type PreparedShare = Pick<
  PrepareShare,
  'tx' | 'attempt' | 'age' | 'coordinator' | 'participants' | 'operations'
>
/** A share that another group coordinates. */
export interface ShareState {
  prepare: PreparedShare & { readonly epoch?: number }
  /** Undefined when nobody asked this leader. */
  asker: VoteAsker | undefined
  phase: 'waiting' | 'proposed' | 'prepared'
  /** When it was last asked for, and when to ask for the decision. */
  askedMs: number
  inquireMs: number
  /** Was asked for, and not answered. */
  inquired: boolean
}

/** A decision that groups have not replicated yet. */
export interface Owed {
  readonly attempt: Attempt
  readonly commit: boolean
  readonly groups: Map<string, { readonly prepared: number; saidMs: number; dueMs: number; sends: number }>
}

export interface PendingRead {
  readonly message: ReadKeys | ScanKeys
  readonly asker: Address | Request
  readonly arrivedMs: number
  /** Undefined until the read point is confirmed: then the prepared transactions that must finish first. */
  waitsFor: Set<TxKey> | undefined
}

export interface LeaderState {
  /** [TX24] Another for each leader. */
  readonly nonce: number
  /** Monotonic time of the last event. */
  nowMs: number
  wallMs: number
  readonly table: LockTable
  readonly queue: WaitQueue
  readonly running: Map<TxKey, Running>
  readonly shares: Map<TxKey, ShareState>
  /** By `attemptKey`. */
  readonly owed: Map<string, Owed>
  /** What the next flush sends: one `finish` per group. */
  readonly finishes: Map<string, { commit: Commitment[]; abort: Attempt[] }>
  /** Finished by these groups: to be forgotten with the next batch. */
  readonly paid: (Attempt & { readonly group: string })[]
  readonly reads: Map<number, PendingRead>
  /** Lookups that wait for a read point. */
  readonly lookups: Map<number, { readonly lookup: Lookup; readonly tx: TxKey; readonly asker: Asker }>
  /** Prepared transaction → reads that wait for it. */
  readonly readers: Map<TxKey, Set<number>>
  nextToken: number
  /** Believed leaders of other groups. */
  readonly routes: Map<string, NodeId>
  readonly redirects: Map<string, number>
  /** When a group's leader was last heard, and when another member was last taken for it. */
  readonly heardMs: Map<string, number>
  readonly turnedMs: Map<string, number>
  /** Nodes that are away, or seem to be. */
  readonly down: Set<NodeId>
  /** Groups that were asked for decisions and have not answered. */
  readonly silent: Set<string>
  /** In doubt about undecided transactions: told when the abort is in the log. */
  readonly inquirers: Map<TxKey, Set<string>>
  /** Who sent finishes that are proposed: coordinator group → address. */
  readonly finishers: Map<string, Address>
  readonly answerTimes: AnswerTimes
  /** Last wound by waiter, so that victims get time to go. */
  readonly woundMs: Map<TxKey, number>
  readonly assigners: Set<Address>
  armed: { tick: boolean; flush: boolean }
  forgetMs: number
  readonly sweep: { records: string; tombstones: string; sessions: string }
}

/** What the functions of a leader side work on. */
export interface Turn {
  readonly state: LeaderState
  readonly seat: Seat
  readonly out: LeaderOutbox<Command>
}

/** `random`: in [0, 1). */
export function emptyState(random: number): LeaderState {
  return {
    nonce: Math.floor(random * 2 ** 32),
    nowMs: 0,
    wallMs: 0,
    table: emptyLockTable(),
    queue: emptyQueue(),
    running: new SlabMap(),
    shares: new SlabMap(),
    owed: new SlabMap(),
    finishes: new Map(),
    paid: [],
    reads: new SlabMap(),
    lookups: new Map(),
    readers: new Map(),
    nextToken: 1,
    routes: new Map(),
    redirects: new Map(),
    heardMs: new Map(),
    turnedMs: new Map(),
    down: new Set(),
    silent: new Set(),
    inquirers: new Map(),
    finishers: new Map(),
    answerTimes: new Map(),
    woundMs: new Map(),
    assigners: new Set(),
    armed: { tick: false, flush: false },
    forgetMs: 0,
    sweep: { records: '', tombstones: '', sessions: '' },
  }
}

export function attemptKey({ tx, attempt }: Attempt): string {
  return `${tx}#${attempt}`
}

/** All in milliseconds. */
export const tuning = {
  tickMs: 25,
  resendMs: 200,
  resendMaxMs: 1_000,
  woundAfterMs: 30,
  woundAgainMs: 100,
  inDoubtMs: 1_000,
  /** Where the coordinating group has no leader: an election takes about so long. */
  inquireAgainMs: 100,
  /** A waiting share whose coordinator has not asked again for so long is dropped. */
  abandonedMs: 5_000,
  finishAgainMs: 300,
  /** An abort is sent so often; afterwards whoever is in doubt asks. */
  abortSends: 3,
  forgetEveryMs: 250,
  forgetBatch: 500,
  readPatienceMs: 10_000,
  backoffMs: 20,
  puzzledMs: 20,
  sweepEveryMs: 2_000,
  sweepRows: 1_000,
} as const

export function armTick({ state, out }: Turn): void {
  if (state.armed.tick) return
  state.armed.tick = true
  out.setTimer('tick', tuning.tickMs)
}

export function armFlush({ state, out }: Turn): void {
  if (state.armed.flush) return
  state.armed.flush = true
  out.setTimer('flush', 0)
}
