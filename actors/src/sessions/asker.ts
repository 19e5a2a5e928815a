/** Whoever waits for an answer: someone outside the actors by a request, or an actor by a message with a tag. */
import type { Address, Outbox, Request } from '@synod/runtime/protocol'

export type Asker =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'actor'; readonly address: Address; readonly tag: number | undefined }

export function answer(asker: Asker, result: object, out: Pick<Outbox, 'send' | 'reply'>) {
  if (asker.kind === 'request') return out.reply(asker.request, result)
  out.send(asker.address, asker.tag === undefined ? result : { ...result, tag: asker.tag })
}
