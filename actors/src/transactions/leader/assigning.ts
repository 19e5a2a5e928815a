/** The shard manager says what this group owns; it is told when that is replicated. */
import type { Address, Request } from '@synod/runtime/protocol'
import type { Assign, Assigned } from '../../sharding/messages.ts'
import { assignmentOf } from '../rows.ts'
import { answer } from './askers.ts'
import type { Turn } from './state.ts'

export function onAssign(turn: Turn, from: Address | Request, { assignment }: Assign): void {
  if ((assignmentOf(turn.seat.store)?.epoch ?? 0) >= assignment.epoch) {
    answer(turn, from, assigned(turn))
    return
  }
  if (typeof from === 'string') turn.state.assigners.add(from)
  turn.out.propose({ type: 'assign', assignment })
}

export function onAssigned(turn: Turn): void {
  for (const to of turn.state.assigners) turn.out.send(to, assigned(turn))
  turn.state.assigners.clear()
}

function assigned({ seat }: Turn): Assigned {
  return { type: 'assigned', group: seat.group, epoch: assignmentOf(seat.store)?.epoch ?? 0 }
}
