/** What arrives while a process is paused waits in its sockets, and is read when it wakes up. */
import type { NodeId } from '../address.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** Within this time a process that wakes up has read what waited. */
const wakingMs = 3

interface Sleeper {
  readonly boot: number
  readonly paused: boolean
}

interface Held {
  /** Undefined: from outside the cluster. */
  readonly from: NodeId | undefined
  readonly handle: () => void
}

export class PausedInbox {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #process: Sleeper
  #held: Held[] = []

  constructor(scheduler: Scheduler, random: Random, process: Sleeper) {
    this.#scheduler = scheduler
    this.#random = random
    this.#process = process
  }

  /** Now, or when the process wakes up. */
  take(from: NodeId | undefined, handle: () => void): void {
    if (this.#process.paused) this.#held.push({ from, handle })
    else handle()
  }

  /** One socket after the other: in order within each, in any order across them. */
  wake(): void {
    const held = this.#held
    this.#held = []
    const reads = new Map<NodeId | undefined, number>()
    const { boot } = this.#process
    for (const { from, handle } of held) {
      const readMs = reads.get(from) ?? this.#random.between(0, wakingMs)
      reads.set(from, readMs)
      this.#scheduler.after(readMs, () => {
        if (boot === this.#process.boot) this.take(from, handle)
      })
    }
  }

  /** The process died. */
  clear(): void {
    this.#held = []
  }
}
