/**
 * The amnesia rule (SPEC.md, AM1–AM9, AM15): may this node go on under its stored identity, or did it lose something
 * that it had acknowledged? A pure function, shared by the production node and the simulator.
 *
 * An incarnation is `<counter>-<random>`. Peers remember the highest incarnation and durable turn they saw of a node;
 * a node that returns with less than that has lost memory and gets the next counter. The random part tells apart two
 * lives that reached the same counter without knowing of each other.
 */
import { assert } from '../actor.ts'
import type { NodeId } from '../address.ts'
import type { Identity, Sighting } from '../storage/storage.ts'

/** What a hello carries instead of an incarnation when the store has no identity yet. */
export const noIncarnation = ''

export interface StandingInput {
  readonly cluster: string
  readonly node: NodeId
  /** As stored; undefined in a store that was never used. */
  readonly own: Identity | undefined
  /** The stored durable turn. */
  readonly ownTurn: number
  /** Whose answers count. */
  readonly counted: readonly NodeId[]
  /** All that anybody who answered has seen of this node, whether the answer counts or not. */
  readonly seen: readonly Sighting[]
  /** All members, this node included. */
  readonly members: readonly NodeId[]
  /** Uniform in [0, 1). */
  random(): number
}

export type Standing =
  | { readonly settled: false; readonly missing: number }
  | {
      readonly settled: true
      /** `first`: a new node. `kept`: the stored identity goes on. `lost`: a new incarnation after a loss of memory. */
      readonly how: 'first' | 'kept' | 'lost'
      /** To be made durable before anything else happens (unless `kept`). */
      readonly identity: Identity
    }

export function settle(input: StandingInput): Standing {
  const { own, ownTurn, counted, seen, members, node } = input
  assert(members.includes(node), 'a node is one of the members it asks')
  const answered = members.filter(member => member !== node && counted.includes(member)).length
  const missing = majority(members.length) - 1 - answered
  if (missing > 0) return { settled: false, missing }
  if (seen.some(sighting => provesLoss(own, ownTurn, sighting))) {
    return { settled: true, how: 'lost', identity: nextIdentity(input) }
  }
  if (own !== undefined) return { settled: true, how: 'kept', identity: own }
  return { settled: true, how: 'first', identity: newIdentity(input, 1, false) }
}

/** Whether what a peer saw of a node proves that the node has forgotten some of it. */
export function provesLoss(own: Identity | undefined, ownTurn: number, seen: Sighting): boolean {
  if (own === undefined) return true
  const mine = counterOf(own.incarnation)
  const theirs = counterOf(seen.incarnation)
  if (theirs !== mine) return theirs > mine
  return seen.incarnation !== own.incarnation || seen.turn > ownTurn
}

/**
 * Whether the first answer of a peer proves it to a node that was settled before (AM10). What the peer has from
 * hearsay may tell of the life that is judged (AM15).
 */
export function provesLossLater(own: Identity | undefined, ownTurn: number, seen: Sighting): boolean {
  return seen.hearsay !== true && provesLoss(own, ownTurn, seen)
}

/** Whether a message of `incarnation` may still be handled: none of an older life than the highest one seen. */
export function admits(highest: Sighting | undefined, incarnation: string): boolean {
  if (incarnation === noIncarnation) return false
  if (highest === undefined || highest.incarnation === incarnation) return true
  return counterOf(incarnation) > counterOf(highest.incarnation)
}

/** The sighting to remember after a peer claimed `incarnation` and `turn`; the same object when nothing is new. */
export function observe(
  highest: Sighting | undefined,
  incarnation: string,
  turn: number,
): Sighting | undefined {
  if (!admits(highest, incarnation)) return highest
  if (highest?.incarnation === incarnation) {
    // The peer's own word replaces hearsay of as much.
    if (highest.turn > turn || (highest.turn === turn && highest.hearsay !== true)) return highest
  }
  return { incarnation, turn }
}

/** The one that proves more; of two rival lives the first. */
export function later(one: Sighting | undefined, other: Sighting | undefined): Sighting | undefined {
  if (one === undefined || other === undefined) return one ?? other
  if (one.incarnation === other.incarnation) return other.turn > one.turn ? other : one
  return admits(one, other.incarnation) ? other : one
}

export function majority(members: number): number {
  return Math.floor(members / 2) + 1
}

const form = /^([1-9][0-9]{0,14})-([a-z0-9]{1,32})$/

export function isIncarnation(text: string): boolean {
  return form.test(text)
}

export function counterOf(incarnation: string): number {
  const counter = form.exec(incarnation)?.[1]
  assert(counter !== undefined, `an incarnation is <counter>-<random>, not ${JSON.stringify(incarnation)}`)
  return Number(counter)
}

function nextIdentity(input: StandingInput): Identity {
  const counters = input.seen.map(sighting => counterOf(sighting.incarnation))
  if (input.own !== undefined) counters.push(counterOf(input.own.incarnation))
  return newIdentity(input, Math.max(...counters) + 1, true)
}

function newIdentity(input: StandingInput, counter: number, amnesiac: boolean): Identity {
  const random = () =>
    Math.floor(input.random() * 36 ** 6)
      .toString(36)
      .padStart(6, '0')
  return {
    cluster: input.cluster,
    node: input.node,
    incarnation: `${counter}-${random()}${random()}`,
    amnesiac,
  }
}
