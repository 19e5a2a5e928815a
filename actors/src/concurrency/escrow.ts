/**
 * Escrow (O'Neil, The Escrow Transactional Method, 1986): an add within bounds need not lock the number. It is
 * granted when every outcome of those pending keeps it within its bounds, refused when none does, and waits when
 * that depends on them. So nobody is refused because two transactions met, and what is free can be sold meanwhile.
 */

/**
 * Of one key: what prepared, undecided adds may still change. Sums only, so that a hot key costs O(1) per
 * transaction.
 */
export interface Pending {
  /** Sum of the negative amounts, ≤ 0, and of the positive ones, ≥ 0. */
  readonly down: number
  readonly up: number
  readonly count: number
  /** The tightest bounds that pending adds rely on: a later add must not break them either. */
  readonly min: number
  readonly max: number
  /** What they take a missing key for. */
  readonly initial?: number
}

/** All adds of one transaction to one key: their sum, their tightest bounds. */
export interface Reservation {
  readonly amount: number
  readonly min: number
  readonly max: number
  readonly initial?: number
}

/** Integers are exact within ±(2^53 − 1): the bounds of an add without bounds. */
export const unbounded = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER } as const

export const nothingPending: Pending = { down: 0, up: 0, count: 0, ...unbounded }

/**
 * [CC4, CC5] `value` is what is committed; undefined: the key is missing and counts as the reservation's `initial`,
 * which the caller has checked to exist.
 */
export function judge(
  value: number,
  pending: Pending,
  reservation: Reservation,
): 'grant' | 'wait' | 'outOfBounds' {
  const { amount, min, max } = reservation
  const lowest = value + pending.down + amount
  const highest = value + pending.up + amount
  if (highest < min || lowest > max) return 'outOfBounds'
  if (lowest < min || highest > max) return 'wait'
  // A sum that a double cannot hold exactly would never come back to zero.
  if (!Number.isSafeInteger(pending.down + Math.min(amount, 0))) return 'wait'
  if (!Number.isSafeInteger(pending.up + Math.max(amount, 0))) return 'wait'
  // Whoever is pending was promised its own bounds in whatever order all of them commit.
  if (amount < 0 && lowest < pending.min) return 'wait'
  if (amount > 0 && highest > pending.max) return 'wait'
  return 'grant'
}

export function reserve(pending: Pending, reservation: Reservation): Pending {
  const { amount, min, max, initial } = reservation
  return {
    down: pending.down + Math.min(amount, 0),
    up: pending.up + Math.max(amount, 0),
    count: pending.count + 1,
    min: Math.max(pending.min, min),
    max: Math.min(pending.max, max),
    ...(initial === undefined ? {} : { initial }),
  }
}

/**
 * Undefined when nothing is pending any more. Bounds stay the tightest until then: sums cannot tell whose they were.
 */
export function settle(pending: Pending, amount: number): Pending | undefined {
  if (pending.count === 1) return undefined
  return {
    ...pending,
    down: pending.down - Math.min(amount, 0),
    up: pending.up - Math.max(amount, 0),
    count: pending.count - 1,
  }
}
