/** Time and messages of a test: everything happens in an order that one source of chance decides. */
import { type Address, decode, encode } from '@synod/runtime/protocol'

export interface Faults {
  /** Probabilities per message. */
  loss: number
  duplicate: number
  minDelayMs: number
  maxDelayMs: number
  /** A deposed leader's proposals come late with this probability, else never. */
  late: number
  /** Commands come once more, up to three seconds later, with this probability. */
  again: number
}
const calm: Faults = { loss: 0, duplicate: 0, minDelayMs: 1, maxDelayMs: 2, late: 0, again: 0 }

export abstract class FakeNetwork {
  readonly faults: Faults = { ...calm }
  /** Everything sent, by type: for budgets. */
  readonly sent = new Map<string, number>()
  nowMs = 1_000_000
  /** Messages for which it says so get lost. */
  loses: (from: Address, to: Address, message: unknown) => boolean = () => false
  protected readonly random: () => number
  /** The next one last. */
  readonly #queue: { readonly atMs: number; readonly run: () => void }[] = []

  constructor(random: () => number) {
    this.random = random
  }

  protected abstract deliver(from: Address, to: Address, message: unknown): void

  /** The message is lost, or comes once or twice, after a while. */
  send(from: Address, to: Address, message: unknown): void {
    const type = (message as { readonly type: string }).type
    this.sent.set(type, (this.sent.get(type) ?? 0) + 1)
    const bytes = encode(message)
    const { loss, duplicate, minDelayMs, maxDelayMs } = this.faults
    const lost = this.loses(from, to, message) || this.random() < loss
    const copies = lost ? 0 : this.random() < duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      // Copies may come very late: long after what they were about is over.
      const delayMs =
        minDelayMs + this.random() * (maxDelayMs - minDelayMs) + (copy > 0 ? this.random() * 3_000 : 0)
      this.after(delayMs, () => this.deliver(from, to, decode(bytes)))
    }
  }

  after(delayMs: number, run: () => void): void {
    const event = { atMs: this.nowMs + delayMs, run }
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#queue[middle]
      // Latest first, so that the next event is popped from the end.
      if (other !== undefined && other.atMs > event.atMs) low = middle + 1
      else high = middle
    }
    this.#queue.splice(low, 0, event)
  }

  /** Runs until `done`, or for so long. True when `done`. */
  run(maxMs: number, done: () => boolean = () => false): boolean {
    const endMs = this.nowMs + maxMs
    while (!done()) {
      const next = this.#queue.at(-1)
      if (next === undefined || next.atMs > endMs) {
        this.nowMs = endMs
        return done()
      }
      this.#queue.pop()
      this.nowMs = next.atMs
      next.run()
    }
    return true
  }
}
