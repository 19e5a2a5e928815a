/**
 * The messages of Multi-Paxos, by receiver. "Local" ones pass only between the three actors of one member.
 * Names are those of Paxos Made Moderately Complex (PMMC) where it has one: its p1a, p1b, p2a, p2b are `prepare`,
 * `promise`, `accept`, `accepted` (Paxos Made Simple).
 */
import type { NodeId, Request } from '@synod/runtime/protocol'
import type { Ballot, Pvalue } from './ballot.ts'

/** Voters name the life they vote in, and the newer lives of others that they know of (rule PX22). */
export interface Vote {
  readonly incarnation: string
  /** Absent while nobody ever lost its memory. */
  readonly lives?: Lives
}
/** Member → the number of its latest life, for members that once lost their memory. */
export type Lives = Readonly<Record<string, number>>

export type AcceptorMessage =
  /** Scout → acceptors. Phase 1a: promise `ballot`, report what you accepted from slot `from` on. */
  | { readonly type: 'prepare'; readonly ballot: Ballot; readonly from: number }
  /** Commander → acceptors. Phase 2a. `chosen`: every slot up to it is chosen, says the leader of `ballot`. */
  | {
      readonly type: 'accept'
      readonly ballot: Ballot
      readonly slot: number
      readonly value: Uint8Array
      readonly chosen: number
    }
  /** Leader → acceptors, periodic. Answered by `confirmed`. */
  | { readonly type: 'heartbeat'; readonly ballot: Ballot; readonly round: number; readonly chosen: number }
  /** Leader → acceptors: do you still hold my ballot? For linearizable reads. Answered by `confirmed`. */
  | { readonly type: 'confirm'; readonly ballot: Ballot; readonly round: number }
  /** Leader → its own acceptor (local): the chosen index has moved. */
  | { readonly type: 'chosen'; readonly ballot: Ballot; readonly chosen: number }
  /** Candidate → acceptors: would you promise? To its own first, without `vouched`. */
  | { readonly type: 'preVote'; readonly campaign: number; readonly vouched?: number }
  /** Acceptor → acceptor: send the chosen values from this slot on. */
  | { readonly type: 'fetch'; readonly from: number }
  /** Acceptor → acceptor: chosen values, contiguous from `from`; `vouched` is the last that it could send. */
  | {
      readonly type: 'fetched'
      readonly from: number
      readonly pvalues: readonly Pvalue[]
      readonly vouched: number
    }
  /** Acceptor → acceptor: what you asked for is compacted away, up to `base`: take a snapshot. */
  | { readonly type: 'compacted'; readonly base: number }
  /** Proposer → its own acceptor (local): another member knows chosen slots up to `slot`. */
  | { readonly type: 'catchUp'; readonly node: NodeId; readonly slot: number }
  /** Learner → its own acceptor (local): hand me the chosen values from this slot on. */
  | { readonly type: 'replay'; readonly from: number }
  /** Learner → its own acceptor (local): the applied state is durable up to `slot`. */
  | { readonly type: 'flushed'; readonly slot: number }
  /** Learner → its own acceptor (local): a snapshot of the state at `slot` is installed and durable. */
  | { readonly type: 'installed'; readonly slot: number }
  /** Learner → its own acceptor (local): values for the log view. Answered by `paxos.logRead`. */
  | { readonly type: 'readLog'; readonly from: number; readonly to: number; readonly request: Request }
  /** Proposer → its own acceptor (local): do you vote? Answered by `voting` once it does. */
  | { readonly type: 'doYouVote' }
  /** An acceptor without memory → the others (amnesia rule). */
  | {
      readonly type: 'recover'
      readonly nonce: string
      readonly incarnation: string
      readonly from: number
    }
  /** The answer: promise, base, and accepted values from `from` on; `next` when there are more. */
  | {
      readonly type: 'recovery'
      readonly nonce: string
      readonly from: number
      readonly next?: number
      readonly promise: Ballot
      readonly base: number
      readonly pvalues: readonly Pvalue[]
      readonly lives: Lives
    }

export type ProposerMessage =
  /**
   * Learner → its own proposer (local): commands for the log, tokens for a read point. `side` names the leader side,
   * `ballot` the one that it was started under.
   */
  | {
      readonly type: 'propose'
      readonly ballot: Ballot
      readonly side: number
      readonly commands: readonly unknown[]
      readonly tokens: readonly number[]
    }
  /** To itself (local): all that was asked in this turn is here; make a batch of it. */
  | { readonly type: 'flush'; readonly seen: number }
  /** Acceptor → scout. Phase 1b, in pieces: `next` is where to go on. */
  | ({
      readonly type: 'promise'
      readonly ballot: Ballot
      readonly from: number
      readonly next?: number
      readonly base: number
      readonly pvalues: readonly Pvalue[]
    } & Vote)
  /** Acceptor → commander. Phase 2b. */
  | ({ readonly type: 'accepted'; readonly ballot: Ballot; readonly slot: number } & Vote)
  /** Acceptor → leader: I promised nobody above you when I got round `round`. */
  | {
      readonly type: 'confirmed'
      readonly ballot: Ballot
      readonly round: number
      readonly vouched: number
    }
  /** Acceptor → scout, commander, leader: I promised `ballot`, which is above yours. */
  | { readonly type: 'preempted'; readonly ballot: Ballot }
  /** Acceptor → candidate. `behind`: you miss too much that I know chosen, up to `vouched`. */
  | {
      readonly type: 'preVoted'
      readonly campaign: number
      readonly granted: boolean
      readonly behind: boolean
      readonly vouched: number
    }
  /** Acceptor → its own proposer (local): a valid heartbeat came from this leader. */
  | { readonly type: 'heard'; readonly leader: NodeId; readonly ballot: Ballot }
  /** Leader → the preferred member: take over. */
  | { readonly type: 'transfer'; readonly ballot: Ballot }
  /** Learner → its own proposer (local): I have just started; tell me who leads. */
  | { readonly type: 'learnerStarted' }
  /** Acceptor → its own proposer (local): I vote. */
  | { readonly type: 'voting' }

/** Prefixed, as every other message to a learner's address belongs to its state machine. */
export type LearnerMessage =
  /** Acceptor → its own learner (local): chosen values, contiguous from `from`; more are waiting when `more`. */
  | {
      readonly type: 'paxos.decided'
      readonly from: number
      readonly values: readonly Uint8Array[]
      readonly more: boolean
      /** Last slot that the acceptor knows to be chosen; it may miss some below. */
      readonly chosen: number
    }
  /** Acceptor → its own learner (local): I have just started; where do you stand? */
  | { readonly type: 'paxos.acceptorStarted' }
  /** Acceptor → its own learner (local): the log below `base` is gone. */
  | { readonly type: 'paxos.compacted'; readonly base: number }
  /** Acceptor → its own learner (local): only a snapshot, at `slot` or later, can fill what is missing. */
  | { readonly type: 'paxos.needSnapshot'; readonly node: NodeId | undefined; readonly slot: number }
  | {
      readonly type: 'paxos.logRead'
      readonly request: Request
      readonly base: number
      readonly vouched: number
      readonly pvalues: readonly Pvalue[]
    }
  /** Proposer → its own learner (local): we lead; our first own slot is `slot`. */
  | { readonly type: 'paxos.lead'; readonly ballot: Ballot; readonly slot: number }
  /** Proposer → its own learner (local): we do not lead; `leader` does, as far as known. */
  | { readonly type: 'paxos.follow'; readonly leader?: NodeId; readonly ballot: Ballot }
  /** Proposer → its own learner (local): a quorum confirmed the lead after these were asked. */
  | {
      readonly type: 'paxos.confirmed'
      readonly side: number
      readonly tokens: readonly number[]
      readonly chosen: number
    }
  /** Lagging learner → another: a chunk, please. Without `capture`: of any state at `slot` or later. */
  | {
      readonly type: 'paxos.snapshotAsked'
      readonly slot: number
      readonly capture?: string
      readonly offset: number
    }
  | ({ readonly type: 'paxos.snapshotChunk' } & SnapshotChunk)

/** Part of the applied state at `slot`. */
export interface SnapshotChunk {
  /** Names this snapshot among all that its server ever took. */
  readonly capture: string
  readonly slot: number
  readonly index: number
  readonly timeMs: number
  readonly digest: number
  readonly offset: number
  readonly total: number
  /** An encoded list of [key, value]. */
  readonly entries: Uint8Array
  readonly count: number
}
