/** On the wire a message is what its bytes say: what does not survive encoding shows here as it would in production. */
import type { Request } from '../actor.ts'
import type { Address, NodeId } from '../address.ts'
import { decodeReceived } from '../codec.ts'
import type { Envelope } from '../kernel/ports.ts'

type Packed = readonly [
  to: Address,
  from: Address,
  message: unknown,
  node: NodeId | null,
  request: number,
  isReply: boolean,
  trace: string | null,
]

export function packed({ to, from, message, request, isReply, trace }: Envelope): Packed {
  return [to, from, message, request?.node ?? null, request?.id ?? 0, isReply === true, trace ?? null]
}

export function unpackedAll(bytes: Uint8Array): Envelope[] {
  return (decodeReceived(bytes) as Packed[]).map(([to, from, message, node, id, isReply, trace]) => {
    const request: { request?: Request } = node === null ? {} : { request: { node, id } }
    const reply: { isReply?: true } = isReply ? { isReply: true } : {}
    return { to, from, message, ...request, ...reply, ...(trace === null ? {} : { trace }) }
  })
}
