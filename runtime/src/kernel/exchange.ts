/** What comes in from outside the actors, requests and their answers. */
import { assert, type Request } from '../actor.ts'
import { type Address, address, type NodeId } from '../address.ts'
import { bury, type Core } from './core.ts'
import { deepFreeze } from './freeze.ts'
import type { Answer, DeadLetterReason, Envelope } from './ports.ts'

/** The basis of what came from outside: it was there whatever becomes of this turn. */
const noBasis = 0

/** The sender of what no actor sent. */
export const outside = '' as Address

export function receive(core: Core, envelope: Envelope): void {
  const { to, from, message, request, trace } = envelope
  if (core.ports.freeze) deepFreeze(message)
  if (request === undefined) {
    if (!core.delivery.deliver(from, to, message, trace, noBasis)) bury(core, envelope, 'no such actor')
  } else if (envelope.isReply) complete(core, from, request.id, message as Answer)
  else {
    const reason = core.delivery.request(to, request, message, trace)
    if (reason !== undefined) refuse(core, to, request, message, reason)
  }
}

export function tell(core: Core, to: Address, message: unknown, trace: string | undefined): void {
  if (core.ports.freeze) deepFreeze(message)
  core.delivery.send(outside, to, message, trace, noBasis)
}

export function ask(
  core: Core,
  to: Address,
  message: unknown,
  timeoutMs: number,
  done: (answer: Answer) => void,
  trace: string | undefined,
): void {
  const { ports, requests, limits } = core
  assert(timeoutMs >= 0, 'a request has a time-out, a number from 0')
  if (ports.freeze) deepFreeze(message)
  if (requests.size >= limits.requests) {
    requests.refuse(done, { outcome: 'refused', reason: 'overloaded' })
    return
  }
  const request = { node: ports.node, id: requests.open(done, ports.clock().monotonicMs + timeoutMs) }
  const reason = core.delivery.request(to, request, message, trace)
  if (reason !== undefined) refuse(core, to, request, message, reason)
}

/** Tells the asker that its request will never be handled. */
export function refuse(
  core: Core,
  to: Address,
  request: Request,
  message: unknown,
  reason: DeadLetterReason,
): void {
  bury(core, { to, from: outside, message, request }, reason)
  answer(core, to, request, { outcome: 'refused', reason }, undefined, core.delivery.serial)
}

export function answer(
  core: Core,
  from: Address,
  request: Request,
  result: Answer,
  trace: string | undefined,
  basis: number,
): void {
  if (request.node === core.ports.node) complete(core, from, request.id, result)
  else core.delivery.answer(from, request, result, trace, basis)
}

function complete(core: Core, from: Address, id: number, result: Answer): void {
  if (core.requests.complete(id, result)) return
  const node: NodeId = core.ports.node
  const to = address(node, 'kernel', 'asker')
  bury(core, { to, from, message: result, request: { node, id }, isReply: true }, 'late reply')
}
