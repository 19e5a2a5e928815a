/**
 * On the wire a message is what its bytes say: what does not survive encoding shows here as it would in production.
 * Addresses and request numbers are text and numbers, and travel beside the bytes.
 */
import { decodeReceived, encode } from '../codec.ts'
import type { Envelope } from '../kernel/ports.ts'
import { fnv1a } from './random.ts'

/** The messages of one frame. */
export function encodedMessages(envelopes: readonly Envelope[]): Uint8Array {
  return encode(envelopes.map(({ message }) => message))
}

/** What arrives of a frame: each call gives objects that nobody else holds. */
export function arriving(envelopes: readonly Envelope[], bytes: Uint8Array): Envelope[] {
  const messages = decodeReceived(bytes) as readonly unknown[]
  return envelopes.map((envelope, index) => withMessage(envelope, messages[index]))
}

function withMessage({ to, from, request, isReply, trace }: Envelope, message: unknown): Envelope {
  if (request === undefined && trace === undefined) return { to, from, message }
  return {
    to,
    from,
    message,
    ...(request === undefined ? {} : { request: { node: request.node, id: request.id } }),
    ...(isReply === true ? { isReply } : {}),
    ...(trace === undefined ? {} : { trace }),
  }
}

/** A number that tells by whom and for whom the messages of a frame are. */
export class AddressHash {
  readonly #known = new Map<string, number>()

  of(envelopes: readonly Envelope[]): number {
    let hash = envelopes.length
    for (const { to, from, request } of envelopes) {
      hash = Math.imul(hash ^ this.#hash(to), 0x01000193)
      hash = Math.imul(hash ^ this.#hash(from), 0x01000193) ^ (request?.id ?? 0)
    }
    return hash
  }

  #hash(address: string): number {
    let hash = this.#known.get(address)
    if (hash === undefined) {
      hash = fnv1a(address)
      this.#known.set(address, hash)
    }
    return hash
  }
}
