/** Virtual time: a binary heap of events ordered by time, and by the order of scheduling where times are equal. */

interface Scheduled {
  readonly time: number
  readonly sequence: number
  readonly run: () => void
}

export class Scheduler {
  /** Milliseconds since the simulation began. */
  now = 0
  /** Events run so far. */
  ran = 0
  #sequence = 0
  #heap: Scheduled[] = []

  get waiting(): number {
    return this.#heap.length
  }

  /** Runs `run` at the given time, or now when that is over, after what was scheduled for the same time before. */
  at(time: number, run: () => void): void {
    if (Number.isNaN(time)) throw new RangeError('an event needs a time')
    if (time === Number.POSITIVE_INFINITY) return
    this.#sequence += 1
    this.#push({ time: Math.max(time, this.now), sequence: this.#sequence, run })
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.now + delayMs, run)
  }

  /** Time of the next event; Infinity when there is none. */
  nextAt(): number {
    return this.#heap[0]?.time ?? Number.POSITIVE_INFINITY
  }

  /** Runs the next event; false when there is none. */
  step(): boolean {
    const next = this.#pop()
    if (next === undefined) return false
    this.now = next.time
    this.ran += 1
    next.run()
    return true
  }

  #push(event: Scheduled): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const above = (index - 1) >>> 1
      const parent = heap[above] as Scheduled
      if (!before(event, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = event
  }

  #pop(): Scheduled | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      const other = child + 1
      if (other < heap.length && before(heap[other] as Scheduled, heap[child] as Scheduled)) child = other
      const lesser = heap[child] as Scheduled
      if (!before(lesser, last)) break
      heap[index] = lesser
      index = child
    }
    heap[index] = last
    return first
  }
}

function before(a: Scheduled, b: Scheduled): boolean {
  return a.time < b.time || (a.time === b.time && a.sequence < b.sequence)
}
