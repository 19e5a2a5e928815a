/** What the three Paxos actors of a group are configured with, and whom they talk to. */
import { type Address, address, type NodeId, type Start } from '@synod/runtime/protocol'
import { type GroupConfig, majority } from '../replicated/group.ts'

/** Durations in milliseconds; sizes in bytes. */
export interface Tuning {
  readonly heartbeatMs: number
  /** A follower that hears nothing for a random time between these campaigns. */
  readonly electionMinMs: number
  readonly electionMaxMs: number
  /** Slots in flight; beyond it commands wait and make the next batch larger. */
  readonly window: number
  /** Bytes in flight beyond which no further slot is opened. */
  readonly windowBytes: number
  readonly batchCommands: number
  readonly batchBytes: number
  /** One message of a promise, a catch-up, a recovery or a snapshot. */
  readonly chunkSlots: number
  readonly chunkBytes: number
  /** The log kept below the flushed slot for replicas that lag: no more slots, and no more bytes, than these. */
  readonly tailSlots: number
  readonly tailBytes: number
  /**
   * The applied state is written when one of these is reached. Keys that change often are then written once. A flush
   * that would erase much of what an earlier one wrote waits for up to four times `flushKeys`.
   */
  readonly flushSlots: number
  readonly flushKeys: number
  /** A turn writes so many of these, or a thirty-second part of what is to be written. */
  readonly flushSlice: number
  readonly flushMs: number
  /** How long an asker waits before it asks again, or another member. */
  readonly retryMs: number
  /** How long the preferred member must have been up to date before it is given the lead. */
  readonly handOverMs: number
  /** A candidate may lag this many slots behind a member that votes for it in a pre-vote. */
  readonly candidateLagSlots: number
  /** A snapshot that nobody asked for any more is dropped. */
  readonly snapshotIdleMs: number
}

export const defaultTuning: Tuning = {
  heartbeatMs: 100,
  electionMinMs: 400,
  electionMaxMs: 800,
  window: 64,
  windowBytes: 8 << 20,
  batchCommands: 1_000,
  batchBytes: 1 << 20,
  chunkSlots: 512,
  chunkBytes: 1 << 20,
  tailSlots: 10_000,
  tailBytes: 8 << 20,
  flushSlots: 2_000,
  flushKeys: 16_000,
  flushSlice: 1_024,
  flushMs: 2_000,
  retryMs: 200,
  handOverMs: 3_000,
  candidateLagSlots: 1_000,
  snapshotIdleMs: 30_000,
}

export interface PaxosConfig {
  readonly group: GroupConfig
  readonly tuning?: Partial<Tuning>
}

/** One member's three actors. */
export interface Member {
  readonly node: NodeId
  readonly acceptor: Address
  readonly proposer: Address
  readonly learner: Address
}

/** Where an actor stands; never changes while it runs. */
export interface Place {
  readonly group: string
  readonly node: NodeId
  readonly incarnation: string
  readonly members: readonly Member[]
  readonly others: readonly Member[]
  readonly own: Member
  readonly majority: number
  readonly preferred: NodeId
  readonly tuning: Tuning
}

export function placeOf(start: Start<PaxosConfig>): Place {
  const { group, tuning } = start.config
  const members = group.members.map(node => memberOf(node, group.group))
  const own = memberOf(start.node, group.group)
  return {
    group: group.group,
    node: start.node,
    incarnation: start.incarnation,
    members,
    others: members.filter(member => member.node !== start.node),
    own,
    majority: majority(members.length),
    preferred: group.preferred,
    tuning: { ...defaultTuning, ...tuning },
  }
}

export function memberOf(node: NodeId, group: string): Member {
  return {
    node,
    acceptor: address(node, 'acceptor', group),
    proposer: address(node, 'proposer', group),
    learner: address(node, 'learner', group),
  }
}
