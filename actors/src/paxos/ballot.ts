/**
 * Ballot numbers (Paxos Made Simple §2.2; Paxos Made Moderately Complex §2): a round and who opened it, totally
 * ordered.
 */
import { assert } from '@synod/runtime/protocol'

export interface Ballot {
  readonly round: number
  /** `<node>.<incarnation>`: a node that lost its memory can never reuse a ballot. */
  readonly by: string
}

/** Below every ballot that anybody opens. */
export const noBallot: Ballot = { round: 0, by: '' }

/** Negative when `left` is below `right`, 0 when they are the same. */
export function compareBallots(left: Ballot, right: Ballot): number {
  if (left.round !== right.round) return left.round - right.round
  return left.by < right.by ? -1 : left.by > right.by ? 1 : 0
}

export function sameBallot(left: Ballot, right: Ballot): boolean {
  return left.round === right.round && left.by === right.by
}

export function maxBallot(left: Ballot, right: Ballot): Ballot {
  return compareBallots(left, right) >= 0 ? left : right
}

export function printBallot(ballot: Ballot): string {
  return ballot.round === 0 ? '0' : `${ballot.round}.${ballot.by}`
}

/** An accepted proposal (PMMC: pvalue). `value` is a batch of commands, encoded once by whoever proposed it. */
export interface Pvalue {
  readonly slot: number
  readonly ballot: Ballot
  readonly value: Uint8Array
}

/**
 * How often a node has lost its memory, from its incarnation `<counter>-<random>`. Orders the lives of one node; see
 * rule PX22.
 */
export function lifeOf(incarnation: string): number {
  const life = Number.parseInt(incarnation, 10)
  // The text only where it is needed: every vote comes by here.
  if (!(life >= 0)) assert(false, `an incarnation starts with its number: ${JSON.stringify(incarnation)}`)
  return life
}
