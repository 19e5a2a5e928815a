/** What proposers of the other members send to an acceptor under test. */
import { at, ballot, batch } from './actors.fixture.ts'
import type { AcceptorMessage } from './messages.ts'

export const n2 = at('n2', 'proposer')
export const n3 = at('n3', 'proposer')

export function accept(round: number, slot: number, text: string, chosen = 0, node = 'n2'): AcceptorMessage {
  return { type: 'accept', ballot: ballot(round, node), slot, value: batch(text), chosen }
}
