/** What could not be delivered, and why: counted for ever, the latest ones kept to look at. */
import type { Address } from '../address.ts'
import type { DeadLetterReason, Envelope } from './ports.ts'

export interface DeadLetter {
  readonly to: Address
  readonly from: Address
  readonly kind: 'message' | 'request' | 'reply'
  /** The message's `type`, where it has one; the message itself is not kept alive. */
  readonly messageType: string | undefined
  readonly reason: DeadLetterReason
  readonly wallMs: number
}

const kept = 256

export class DeadLetters {
  readonly counts: Record<DeadLetterReason, number> = {
    'no such actor': 0,
    overloaded: 0,
    stopped: 0,
    failed: 0,
    unreachable: 0,
    fault: 0,
    'late reply': 0,
  }
  #ring: DeadLetter[] = []
  #at = 0

  add(envelope: Envelope, reason: DeadLetterReason, wallMs: number): void {
    this.counts[reason]++
    const kind = envelope.isReply ? 'reply' : envelope.request === undefined ? 'message' : 'request'
    const messageType = typeOf(envelope.message)
    this.#ring[this.#at] = { to: envelope.to, from: envelope.from, kind, messageType, reason, wallMs }
    this.#at = (this.#at + 1) % kept
  }

  /** Oldest first. */
  recent(): DeadLetter[] {
    return [...this.#ring.slice(this.#at), ...this.#ring.slice(0, this.#at)]
  }
}

function typeOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined
  return typeof message.type === 'string' ? message.type : undefined
}
