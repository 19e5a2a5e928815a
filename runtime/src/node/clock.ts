/** The machine's clocks. */
import type { Now } from '../actor.ts'

export function monotonicMs(): number {
  return performance.now()
}

export function machineClock(): Now {
  return { monotonicMs: performance.now(), wallMs: Date.now() }
}
