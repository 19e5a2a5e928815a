/**
 * Ids for transactions that came without one: a session of this start of the node, and sequence numbers in it, after
 * Lee et al., "Implementing Linearizability at Large Scale and Low Latency" (RIFL).
 */
import type { Outbox, Start } from '@synod/runtime/protocol'
import type { TxId } from '../transactions/operations.ts'
import type { OwnSession } from './state.ts'

/**
 * No two starts of any node share it: the time keeps honest clocks apart, 53 random bits the others. A node that lost
 * its disk cannot meet the records of its former self.
 */
export function openSession(start: Start<unknown>, out: Pick<Outbox, 'random'>): OwnSession {
  const random = Math.floor(out.random() * 2 ** 53).toString(36)
  const base = `${start.node}.${start.now.wallMs.toString(36)}.${random}`
  return { base, id: `${base}.1`, nextSequence: 1, open: new Set() }
}

/** The next id, and the first sequence number without an answer, which is at most its own. */
export function takeId(own: OwnSession): { readonly id: TxId; readonly firstIncomplete: number } {
  const sequence = own.nextSequence
  own.nextSequence += 1
  own.open.add(sequence)
  // A Set iterates in the order of insertion, so the first is the lowest.
  const [firstIncomplete = sequence] = own.open
  return { id: { session: own.id, sequence }, firstIncomplete }
}

/** The transaction has its final answer, or certainly never runs: its record may be forgotten. */
export function closeId(own: OwnSession, id: TxId): void {
  if (id.session === own.id) own.open.delete(id.sequence)
}

/**
 * A transaction ended unknown: its record must stay, so that its fate can be asked for. The session is left as it is
 * and a new one opened, whose floor can move on.
 */
export function leaveSession(own: OwnSession, id: TxId): OwnSession {
  if (id.session !== own.id) return own
  const count = Number(own.id.slice(own.base.length + 1)) + 1
  return { base: own.base, id: `${own.base}.${count}`, nextSequence: 1, open: new Set() }
}
