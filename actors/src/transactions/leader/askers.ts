/** Who waits for an answer, and how it is told: an actor by message, somebody outside by reply. */
import type { Address, Request } from '@synod/runtime/protocol'
import type { Submitted } from '../messages.ts'
import type { Outcome, TxId } from '../operations.ts'
import type { Asker, Running, Turn } from './state.ts'

export function answer({ out }: Turn, to: Address | Request, message: unknown): void {
  if (typeof to === 'string') out.send(to, message)
  else out.reply(to, message)
}

interface Echoed {
  readonly send?: number | undefined
  readonly tag?: number | undefined
}

/** Echoes the asker's send, so that it knows which of its sends this answers, or a lookup's tag. */
export function echo({ send, tag }: Echoed): { readonly send?: number; readonly tag?: number } {
  if (send !== undefined) return { send }
  return tag === undefined ? {} : { tag }
}

/** `closed`: with a definite answer that is not final, the attempts that the log has closed. */
export function submitted(turn: Turn, asker: Asker, id: TxId, outcome: Outcome, closed?: number): void {
  const message: Submitted = { type: 'submitted', id, outcome, ...echo(asker) }
  answer(turn, asker.to, closed === undefined ? message : { ...message, closed })
}

export function askerOf(to: Address | Request, { send, tag }: Echoed): Asker {
  return { to, send, tag }
}

/** Statuses of an id that cannot be used (again). */
export function refusedAs(status: 'expired' | 'conflictingRequest'): Outcome {
  if (status === 'conflictingRequest') {
    return { status, detail: 'this id was used for another request' }
  }
  return { status: 'expired', detail: 'the answer to this id is no longer known; it cannot execute again' }
}

/** The same asker again replaces itself: everybody is answered once, and each lookup for itself. */
export function attach(running: Running, { to, send, tag }: Asker): void {
  const who = typeof to === 'string' ? to : `${to.node}#${to.id}`
  const key = tag === undefined ? who : `lookup ${tag} ${who}`
  const at = running.askers.findIndex(asker => asker.who === key)
  const before = running.askers[at]?.send
  const highest = send === undefined ? before : Math.max(send, before ?? 0)
  running.askers[at < 0 ? running.askers.length : at] = { to, send: highest, tag, who: key }
}

export function answerAll(turn: Turn, running: Running, outcome: Outcome, closed?: number): void {
  for (const asker of running.askers) submitted(turn, asker, running.submit.id, outcome, closed)
}

/** Definite refusals that are no outcome: the session plans again, or waits. */
export function refuseAll(turn: Turn, running: Running, message: object): void {
  for (const asker of running.askers) {
    answer(turn, asker.to, { ...message, group: turn.seat.group, tx: running.tx, ...echo(asker) })
  }
}
