/**
 * What a proposer knows. PMMC's leader spawns scouts and commanders as processes of their own; here they are phases and
 * slots in the state of one actor.
 */
import { type NodeId, type Outbox, type Rows, type Start, unreachable } from '@synod/runtime/protocol'
import { type Ballot, noBallot, type Pvalue } from './ballot.ts'
import { type PaxosConfig, type Place, placeOf } from './config.ts'
import type { AcceptorMessage, LearnerMessage, Lives } from './messages.ts'

export interface ProposerState {
  readonly place: Place
  /** Who opens our ballots: `<node>.<incarnation>`. */
  readonly by: string

  // Durable.
  /** The highest round that we ever opened. */
  round: number

  // Volatile.
  /** Whether the acceptor beside us votes: false while it recovers from a loss of memory. */
  votes: boolean
  /** The highest ballot that we ever saw. */
  highest: Ballot
  leader: NodeId | undefined
  /** The leader's ballot, as far as known. */
  leaderBallot: Ballot
  /** Votes from older lives than these do not count (rule PX22). */
  lives: Lives
  /** Numbers our campaigns, so that late answers are told from current ones. */
  campaign: number
  phase: Phase
}

export type Phase = Following | Asking | PreVoting | Scouting | CatchingUp | Leading

export interface Following {
  readonly name: 'following'
}
/** Asks its own acceptor how much it knows to be chosen, and whether it hears a leader. */
export interface Asking {
  readonly name: 'asking'
  readonly reason: Reason
}
/** A leader is missed; this is the preferred member of a group that may be new; the leader hands over to us. */
export type Reason = 'silence' | 'first start' | 'transfer'
export interface PreVoting {
  readonly name: 'preVoting'
  readonly vouched: number
  readonly granted: Set<NodeId>
}
/** PMMC Fig. 5, the scout: phase 1. */
export interface Scouting {
  readonly name: 'scouting'
  readonly ballot: Ballot
  /** Everything below is chosen, and known to our own acceptor. */
  readonly from: number
  readonly promises: Map<NodeId, Promised>
  /** Slot → the accepted value of the highest ballot reported. */
  readonly pvalues: Map<number, Pvalue>
  ticks: number
}
export interface Promised {
  /** Where to go on; undefined when all is reported. */
  next: number | undefined
  base: number
  life: number
}
/** Adopted, but some of the promisers have compacted away what we do not know yet. */
export interface CatchingUp {
  readonly name: 'catchingUp'
  readonly ballot: Ballot
  readonly base: number
  readonly pvalues: Map<number, Pvalue>
  ticks: number
}
export interface Leading {
  readonly name: 'leading'
  readonly ballot: Ballot
  /**
   * Every slot up to here is chosen: by what we knew when we were adopted, and then by our own commanders only (PX9).
   */
  chosen: number
  nextSlot: number
  /** Our first slot of our own: a no-op that closes what earlier leaders left. */
  ownSlot: number
  /** Values of earlier ballots and the no-ops between, in slot order: proposed before anything new. */
  readonly inherited: Uint8Array[]
  /** Slot → its commander (PMMC Fig. 5). */
  readonly commanders: Map<number, Commander>
  /** Of the values in flight. */
  bytesInFlight: number
  /** Commands that wait for a slot. */
  waiting: unknown[]
  /** Tokens that wait for a round of confirmation. */
  tokens: number[]
  /** Which leader side of the learner asked last. */
  side: number
  /** Asked so far, to see whether a turn still brings more. */
  asked: number
  flushing: boolean
  /** Number of the last heartbeat or confirm round. */
  confirmRound: number
  readonly reads: ReadRound[]
  readonly heard: Map<NodeId, Heard>
  ticks: number
  /** Ticks since a majority has answered. */
  silentTicks: number
  /** Ticks for which the preferred member has been up to date. */
  handOverTicks: number
  /** Nothing new is proposed until this tick, as the lead was handed over. */
  heldUntilTick: number
}
export interface Commander {
  readonly value: Uint8Array
  /** Member → the life that it voted in. */
  readonly votes: Map<NodeId, number>
  isChosen: boolean
  /** When to send it again, and how long to wait after that. */
  resendTick: number
  resendTicks: number
}
/** Tokens that were asked before `round` started, when everything up to `chosen` was chosen. */
export interface ReadRound {
  readonly round: number
  readonly side: number
  readonly tokens: readonly number[]
  readonly chosen: number
}
/** A member's last answer to a heartbeat or confirm. */
export interface Heard {
  readonly round: number
  readonly vouched: number
  readonly tick: number
}

export function startProposer(start: Start<PaxosConfig>, rows: Rows): ProposerState {
  const place = placeOf(start)
  return {
    place,
    by: `${start.node}.${start.incarnation}`,
    round: (rows.get('round') as number | undefined) ?? 0,
    votes: !start.amnesiac,
    highest: noBallot,
    leader: undefined,
    leaderBallot: noBallot,
    lives: {},
    campaign: 0,
    phase: { name: 'following' },
  }
}

export function toAcceptors(state: ProposerState, message: AcceptorMessage, out: Outbox): void {
  for (const member of state.place.members) out.send(member.acceptor, message)
}

export function toOwnAcceptor(state: ProposerState, message: AcceptorMessage, out: Outbox): void {
  out.send(state.place.own.acceptor, message)
}

export function toLearner(state: ProposerState, message: LearnerMessage, out: Outbox): void {
  out.send(state.place.own.learner, message)
}

/** [PX13, PX23] The learner starts anew: its next leader side begins behind all that the one before has proposed. */
export function endSide({ phase }: ProposerState): void {
  if (phase.name !== 'leading') return
  phase.waiting = []
  phase.tokens = []
  phase.ownSlot = Math.max(phase.ownSlot, phase.nextSlot - 1)
}

export function tellWhoLeads(state: ProposerState, out: Outbox): void {
  const { phase, leader } = state
  if (phase.name === 'leading') {
    toLearner(state, { type: 'paxos.lead', ballot: phase.ballot, slot: phase.ownSlot }, out)
  } else {
    const known = leader === undefined ? {} : { leader }
    toLearner(state, { type: 'paxos.follow', ...known, ballot: state.leaderBallot }, out)
  }
}

/** The ballot that we are working with, if any. */
export function ownBallot(phase: Phase): Ballot | undefined {
  switch (phase.name) {
    case 'following':
    case 'asking':
    case 'preVoting':
      return undefined
    case 'scouting':
    case 'catchingUp':
    case 'leading':
      return phase.ballot
    default:
      return unreachable(phase)
  }
}
