/**
 * A light steady load that does not wait for answers: a put every few milliseconds, each on its own, so that some are
 * always asked while nobody leads, and the first of them that succeeds tells when writes go on.
 */
const everyMs = 10
/** Beyond it none is added: they all wait for the same thing. */
const mostInFlight = 500

export class Probes {
  readonly #put: (number: number) => Promise<void>
  readonly #timer: NodeJS.Timeout
  readonly #inFlight = new Set<Promise<void>>()
  #next = 0
  #done = 0
  #failed = 0
  #firstFailure: string | undefined
  #waiting: { readonly since: number; readonly found: (endedAt: number) => void } | undefined

  constructor(put: (number: number) => Promise<void>, pauseMs = everyMs) {
    this.#put = put
    this.#timer = setInterval(() => this.#start(), pauseMs)
  }

  /** Of all so far: how many succeeded, how many did not. */
  get counts(): {
    readonly done: number
    readonly failed: number
    readonly firstFailure: string | undefined
  } {
    return { done: this.#done, failed: this.#failed, firstFailure: this.#firstFailure }
  }

  /** Milliseconds from `since` to the first success of a put that was begun at `since` or later. */
  async nextSuccess(since: number, withinMs: number): Promise<number> {
    let deadline: NodeJS.Timeout | undefined
    const endedAt = await new Promise<number>((found, reject) => {
      this.#waiting = { since, found }
      const late = () => reject(new Error(`no put succeeded within ${withinMs} ms; ${this.#firstFailure}`))
      deadline = setTimeout(late, withinMs)
    }).finally(() => clearTimeout(deadline))
    return endedAt - since
  }

  /** Resolves when nothing is in flight any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#inFlight)
  }

  #start(): void {
    if (this.#inFlight.size >= mostInFlight) return
    const begunAt = performance.now()
    const put = this.#put(this.#next++)
      .then(
        () => this.#succeeded(begunAt),
        error => this.#notDone(error),
      )
      .finally(() => this.#inFlight.delete(put))
    this.#inFlight.add(put)
  }

  #succeeded(begunAt: number): void {
    this.#done += 1
    const waiting = this.#waiting
    if (waiting === undefined || begunAt < waiting.since) return
    this.#waiting = undefined
    waiting.found(performance.now())
  }

  #notDone(error: unknown): void {
    this.#failed += 1
    this.#firstFailure ??= String(error)
  }
}
