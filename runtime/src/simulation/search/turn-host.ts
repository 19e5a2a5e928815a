/** A kernel and the world around it, for one turn. */
import type { Now } from '../../actor.ts'
import type { NodeId } from '../../address.ts'
import { Kernel } from '../../kernel/kernel.ts'
import type { Envelope } from '../../kernel/ports.ts'
import type { MemoryStorage } from '../../storage/memory.ts'
import { ArmedTimers } from './armed-timers.ts'
import type { End } from './model.ts'

class Crash extends Error {}

export class TurnHost {
  readonly id: NodeId
  readonly rows: MemoryStorage
  readonly kernel: Kernel
  readonly timers = new ArmedTimers()
  readonly sent: Envelope[] = []
  early = 0
  wrote = false
  crashed = false
  /** An actor that threw. */
  broken: { readonly rule: string; readonly error: Error } | undefined
  readonly #now: Now

  constructor(id: NodeId, rows: MemoryStorage, nowMs: number, wallMs: number, end: End) {
    this.id = id
    this.rows = rows
    this.#now = { monotonicMs: nowMs, wallMs: nowMs + wallMs }
    this.kernel = new Kernel({
      node: id,
      incarnation: '1-searched',
      amnesiac: false,
      storage: rows,
      clock: () => this.#now,
      // Draws decide when to try again and how to name things: the search tries every order anyway.
      random: () => 0.5,
      transmit: (_peer, envelopes, early) => {
        for (const envelope of envelopes) this.sent.push(envelope)
        if (early) this.early += envelopes.length
      },
      wake: () => {},
      freeze: true,
      crashPoint: at => {
        this.wrote = true
        if (at === end) throw new Crash()
      },
      observer: {
        failed: (actor, error) => {
          this.broken ??= { rule: `${actor} throws`, error }
        },
      },
    })
  }

  run(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      this.crashed = true
    }
  }

  /** Until nothing is ready. What is set to fire at once fires by a step of its own. */
  runTurns(): void {
    do this.kernel.turn()
    while (this.kernel.nextTurnAt() === Number.NEGATIVE_INFINITY)
  }
}
