/**
 * Runs a kernel's turns on the event loop of its process. Between two turns the event loop gets its go, so that all
 * that arrived during the fsync is read from the sockets first and shares the next turn.
 */
import type { Kernel } from '../kernel/kernel.ts'

/** The longest delay that `setTimeout` takes. */
const longestMs = 2 ** 31 - 1

export class TurnLoop {
  readonly #monotonicMs: () => number
  readonly #onFatal: (error: unknown) => void
  #kernel: Kernel | undefined
  #immediate: NodeJS.Immediate | undefined
  #timeout: NodeJS.Timeout | undefined

  /** `onFatal` hears what a turn threw: that kernel is dead, and the loop has stopped. */
  constructor(monotonicMs: () => number, onFatal: (error: unknown) => void) {
    this.#monotonicMs = monotonicMs
    this.#onFatal = onFatal
  }

  /** Starts to run a kernel, instead of the one before it if there was one. */
  run(kernel: Kernel): void {
    this.stop()
    this.#kernel = kernel
    this.#schedule()
  }

  stop(): void {
    this.#unschedule()
    this.#kernel = undefined
  }

  /** The kernel's `wake` port: there is work, or a nearer timer. */
  readonly wake = (): void => {
    if (this.#immediate === undefined) this.#schedule()
  }

  #schedule(): void {
    if (this.#kernel === undefined) return
    this.#unschedule()
    const waitMs = this.#kernel.nextTurnAt() - this.#monotonicMs()
    if (waitMs <= 0) this.#immediate = setImmediate(this.#turn)
    // Rounded up: a timer that rings early would ring for nothing.
    else if (waitMs < Number.POSITIVE_INFINITY) {
      this.#timeout = setTimeout(this.#ring, Math.min(Math.ceil(waitMs), longestMs))
    }
  }

  #unschedule(): void {
    if (this.#immediate !== undefined) clearImmediate(this.#immediate)
    if (this.#timeout !== undefined) clearTimeout(this.#timeout)
    this.#immediate = undefined
    this.#timeout = undefined
  }

  /** Timers ring before sockets are read: the turn waits until they were. */
  readonly #ring = (): void => {
    this.#timeout = undefined
    this.#schedule()
  }

  readonly #turn = (): void => {
    this.#immediate = undefined
    const kernel = this.#kernel
    try {
      kernel?.turn()
    } catch (error) {
      if (this.#kernel === kernel) this.stop()
      this.#onFatal(error)
      return
    }
    this.#schedule()
  }
}
