/**
 * The shape of envelopes that came from a peer, checked before the kernel sees them (SPEC.md, MS9): a peer speaks for
 * its own actors, to this node's actors, asks for itself and answers what this node asked.
 */
import { type Address, type NodeId, nodeId } from '../address.ts'
import type { Answer, Envelope } from '../kernel/ports.ts'
import { FrameError, isCount } from './frame-error.ts'

const extraWidth = 5

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** `fields`: [kind, incarnation, turn, strings, routes, messages, extras]; see `encodeEnvelopes`. */
export function readEnvelopes(fields: readonly unknown[], peer: NodeId, self: NodeId): Envelope[] {
  const [, , , strings, routes, messages, extras] = fields
  if (!Array.isArray(strings) || !Array.isArray(routes) || !Array.isArray(messages)) {
    throw new FrameError('not the fields of a frame of envelopes')
  }
  if (routes.length !== messages.length * 2) throw new FrameError('not one route for each message')
  const owners = strings.map(ownerOf)
  const envelopes = new Array<Mutable<Envelope>>(messages.length)
  for (let index = 0; index < messages.length; index++) {
    const to = routes[2 * index]
    const from = routes[2 * index + 1]
    // As an index a list becomes a text, level by level: one that is nested deeply would exhaust the stack.
    if (!isCount(to) || !isCount(from)) throw new FrameError('a route that is no number')
    if (owners[to] !== self) throw new FrameError('an envelope for an actor of another node')
    if (owners[from] !== peer && strings[from] !== '') throw new FrameError('an envelope from a third node')
    envelopes[index] = {
      to: strings[to] as Address,
      from: strings[from] as Address,
      message: messages[index],
    }
  }
  if (extras !== null && extras !== undefined) readExtras(extras, envelopes, peer, self)
  return envelopes
}

function readExtras(extras: unknown, envelopes: Mutable<Envelope>[], peer: NodeId, self: NodeId): void {
  if (!Array.isArray(extras) || extras.length % extraWidth !== 0)
    throw new FrameError('extras of another width')
  for (let at = 0; at < extras.length; at += extraWidth) {
    const [index, node, id, isReply, trace] = extras.slice(at, at + extraWidth)
    const envelope = isCount(index) ? envelopes[index] : undefined
    if (envelope === undefined) throw new FrameError('extras of no envelope')
    if (typeof trace === 'string') envelope.trace = trace
    else if (trace !== null) throw new FrameError('a trace that is no text')
    if (node === null) continue
    if (node !== (isReply === true ? self : peer))
      throw new FrameError('a request in the name of another node')
    if (!isCount(id)) throw new FrameError('a request without a number')
    envelope.request = { node, id }
    if (isReply !== true) continue
    if (!isAnswer(envelope.message)) throw new FrameError('a reply that is no answer')
    envelope.isReply = true
  }
}

function isAnswer(message: unknown): message is Answer {
  if (typeof message !== 'object' || message === null) return false
  const { outcome, reason } = message as { outcome?: unknown; reason?: unknown }
  return (
    outcome === 'answered' || outcome === 'timeout' || (outcome === 'refused' && typeof reason === 'string')
  )
}

/** The node of `node/type/name`; undefined for any other string. */
function ownerOf(text: unknown): NodeId | undefined {
  if (typeof text !== 'string') throw new FrameError('a table of strings that holds something else')
  const end = text.indexOf('/')
  const next = text.indexOf('/', end + 1)
  if (end <= 0 || next <= end + 1 || next === text.length - 1) return undefined
  try {
    return nodeId(text.slice(0, end))
  } catch {
    return undefined
  }
}
