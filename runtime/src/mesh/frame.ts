/**
 * What one binary WebSocket message carries (SPEC.md, MS7–MS9): the envelopes of a turn for one peer, or a heartbeat.
 *
 * Addresses repeat, so each frame has a table of its strings and the envelopes refer to it. A frame can be read alone:
 * nothing is remembered from one to the next, so that no lost frame can make a later one unreadable.
 */
import type { NodeId } from '../address.ts'
import { decodeReceived, encode } from '../codec.ts'
import type { Envelope } from '../kernel/ports.ts'
import { isIncarnation, noIncarnation } from '../membership/standing.ts'
import { readEnvelopes } from './envelope.ts'
import { FrameError, isCount } from './frame-error.ts'

export interface Claim {
  readonly incarnation: string
  /** The sender's last durable turn. */
  readonly turn: number
}

export interface EnvelopeFrame extends Claim {
  readonly kind: 'envelopes'
  readonly envelopes: Envelope[]
}

/** A ping is the sender's heartbeat; a pong returns its time stamp, for the round trip. */
export interface HeartbeatFrame extends Claim {
  readonly kind: 'ping' | 'pong'
  readonly stampMs: number
}

export type Frame = EnvelopeFrame | HeartbeatFrame

const envelopesKind = 1
const pingKind = 2
const pongKind = 3

/** Throws when a message holds what cannot be encoded. */
export function encodeEnvelopes(claim: Claim, envelopes: readonly Envelope[]): Uint8Array {
  const strings: string[] = []
  const indexes = new Map<string, number>()
  const routes: number[] = []
  const messages: unknown[] = []
  let extras: unknown[] | undefined
  const indexOf = (text: string): number => {
    let index = indexes.get(text)
    if (index === undefined) {
      index = strings.length
      indexes.set(text, index)
      strings.push(text)
    }
    return index
  }
  for (const envelope of envelopes) {
    routes.push(indexOf(envelope.to), indexOf(envelope.from))
    if (envelope.request !== undefined || envelope.trace !== undefined) {
      const { request, isReply, trace } = envelope
      extras ??= []
      extras.push(messages.length, request?.node ?? null, request?.id ?? 0, isReply === true, trace ?? null)
    }
    messages.push(envelope.message)
  }
  const fields = [envelopesKind, claim.incarnation, claim.turn, strings, routes, messages, extras ?? null]
  return encode(fields)
}

export function encodeHeartbeat(kind: 'ping' | 'pong', claim: Claim, stampMs: number): Uint8Array {
  return encode([kind === 'ping' ? pingKind : pongKind, claim.incarnation, claim.turn, stampMs])
}

/** Reads what `peer` sent to `self`. Throws nothing but `FrameError`. */
export function decodeFrame(bytes: Uint8Array, peer: NodeId, self: NodeId): Frame {
  const fields = unpack(bytes)
  if (!Array.isArray(fields)) throw new FrameError('not a list')
  const [kind, incarnation, turn] = fields
  if (typeof incarnation !== 'string' || !(incarnation === noIncarnation || isIncarnation(incarnation))) {
    throw new FrameError('no incarnation')
  }
  if (!isCount(turn)) throw new FrameError('no turn number')
  switch (kind) {
    case envelopesKind:
      return { kind: 'envelopes', incarnation, turn, envelopes: readEnvelopes(fields, peer, self) }
    case pingKind:
    case pongKind: {
      const stampMs: unknown = fields[3]
      if (typeof stampMs !== 'number' || !Number.isFinite(stampMs)) throw new FrameError('no time stamp')
      return { kind: kind === pingKind ? 'ping' : 'pong', incarnation, turn, stampMs }
    }
    default:
      throw new FrameError('unknown kind')
  }
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return decodeReceived(bytes)
  } catch {
    // What the library says may quote the whole frame, and nobody reads bytes by it.
    throw new FrameError('not MessagePack')
  }
}
