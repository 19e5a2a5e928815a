/** What members must have the same beyond cluster and secret (SPEC.md, MS16). The mesh carries it, unread. */
import type { NodeId } from '../address.ts'
import { Refusal } from './close-codes.ts'

export interface Agreement {
  /** Said to a peer that has proved who it is; it must fit (`termsFit`). */
  readonly terms: string
  /** What differs and what to change, or undefined when nothing does. `theirs` may be of another release. */
  differs(peer: NodeId, theirs: string): string | undefined
}

/** Beside them there must be room for what a node has seen, in one message of the handshake. */
const mostBytes = 8_192

export function termsFit(terms: string): boolean {
  return Buffer.byteLength(JSON.stringify(terms)) <= mostBytes
}

/** Throws a `Refusal`. A peer of an earlier release tells no terms: then there is nothing to compare. */
export function demandAgreement(agreement: Agreement | undefined, peer: NodeId, theirs: unknown): void {
  if (agreement === undefined || theirs === undefined) return
  if (typeof theirs !== 'string') throw new Refusal('notAFrame', 'not the terms of a member')
  const difference = agreement.differs(peer, theirs)
  if (difference !== undefined) throw new Refusal('disagree', difference)
}
