/**
 * Message faults as data: what happens to one message on its way from node to node. Pure and seeded, so that the
 * production node and the simulator's network share it, and the same rules on the same messages decide the same.
 *
 * It acts on decoded messages, never on frames: a frame that lost a piece would be a fault that no network has.
 */
import type { NodeId } from '../address.ts'

export type FaultAction = 'drop' | 'delay' | 'duplicate' | 'reorder' | 'cut'

export interface FaultRule {
  readonly id: string
  /** The sending node; every node when left out. */
  readonly from?: NodeId
  /** The receiving node; every node when left out. */
  readonly to?: NodeId
  /** The message's `type`; every message when left out. A cut has none: it takes everything, heartbeats included. */
  readonly messageType?: string
  /**
   * `drop`: lost. `cut`: the link carries nothing in this direction. `delay`: later by `delayMs` and up to `jitterMs`
   * more. `duplicate`: a second copy, later by the same. `reorder`: held for anything up to `delayMs + jitterMs`, so
   * that later messages overtake it.
   */
  readonly action: FaultAction
  /** Of each message that matches, in [0, 1]. */
  readonly probability: number
  readonly delayMs: number
  readonly jitterMs: number
  readonly seed: number
  /** In the host's monotonic milliseconds; for good when left out. */
  readonly untilMs?: number
}

export interface Verdict {
  readonly drop: boolean
  /** One entry for each copy to deliver, the milliseconds to hold it back; empty when dropped. */
  readonly delaysMs: readonly number[]
}

const pass: Verdict = Object.freeze({ drop: false, delaysMs: Object.freeze([0]) })
const lost: Verdict = Object.freeze({ drop: true, delaysMs: Object.freeze([]) })

interface ActiveRule {
  readonly rule: FaultRule
  readonly draw: () => number
}

export class FaultPlane {
  #rules: ActiveRule[] = []

  /** False costs a host one comparison per message. */
  get active(): boolean {
    return this.#rules.length > 0
  }

  /** A rule with the id of an earlier one replaces it. Throws a `RangeError` on a rule that cannot be followed. */
  add(rule: FaultRule): void {
    validate(rule)
    this.remove(rule.id)
    this.#rules.push({ rule, draw: seeded(rule.seed) })
  }

  remove(id: string): boolean {
    const before = this.#rules.length
    this.#rules = this.#rules.filter(active => active.rule.id !== id)
    return this.#rules.length < before
  }

  clear(): void {
    this.#rules = []
  }

  rules(): readonly FaultRule[] {
    return this.#rules.map(active => active.rule)
  }

  /** Whether nothing at all, heartbeats included, goes from one node to the other. */
  cuts(from: NodeId, to: NodeId, nowMs: number): boolean {
    return this.#rules.some(({ rule, draw }) => {
      return rule.action === 'cut' && concerns(rule, from, to, nowMs) && strikes(rule, draw)
    })
  }

  decide(from: NodeId, to: NodeId, messageType: string, nowMs: number): Verdict {
    let delaysMs: number[] | undefined
    for (const { rule, draw } of this.#rules) {
      if (!concerns(rule, from, to, nowMs)) continue
      if (rule.messageType !== undefined && rule.messageType !== messageType) continue
      if (!strikes(rule, draw)) continue
      if (rule.action === 'drop' || rule.action === 'cut') return lost
      delaysMs = applied(rule, draw, delaysMs ?? [0])
    }
    return delaysMs === undefined ? pass : { drop: false, delaysMs }
  }
}

function applied(rule: FaultRule, draw: () => number, delaysMs: number[]): number[] {
  const span = rule.delayMs + draw() * rule.jitterMs
  switch (rule.action) {
    case 'delay':
      return delaysMs.map(delay => delay + span)
    case 'duplicate':
      return [...delaysMs, span]
    case 'reorder':
      return delaysMs.map(delay => delay + draw() * span)
    default:
      return delaysMs
  }
}

function concerns(rule: FaultRule, from: NodeId, to: NodeId, nowMs: number): boolean {
  if (rule.from !== undefined && rule.from !== from) return false
  if (rule.to !== undefined && rule.to !== to) return false
  return rule.untilMs === undefined || nowMs < rule.untilMs
}

/** A certain fault draws nothing: adding one does not shift the draws of the others. */
function strikes(rule: FaultRule, draw: () => number): boolean {
  return rule.probability >= 1 || draw() < rule.probability
}

function validate(rule: FaultRule): void {
  if (!(rule.probability >= 0 && rule.probability <= 1)) {
    throw new RangeError(`fault ${rule.id}: probability ${rule.probability} must be a number from 0 to 1`)
  }
  for (const name of ['delayMs', 'jitterMs'] as const) {
    if (!(rule[name] >= 0 && rule[name] <= maxHoldMs)) {
      throw new RangeError(`fault ${rule.id}: ${name} ${rule[name]} must be from 0 to ${maxHoldMs} ms`)
    }
  }
  if (!Number.isSafeInteger(rule.seed)) {
    throw new RangeError(`fault ${rule.id}: seed ${rule.seed} must be a whole number`)
  }
  if (rule.action === 'cut' && rule.messageType !== undefined) {
    throw new RangeError(
      `fault ${rule.id}: a cut takes every message; use drop for the type ${rule.messageType}`,
    )
  }
}

const maxHoldMs = 10 * 60_000

/** mulberry32: 32 bits of state, plenty for fault draws; each rule has its own stream. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
