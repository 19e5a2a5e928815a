/**
 * A group has another leader, or its node is away: what waits for it is asked elsewhere, without waiting for a
 * time-out.
 */
import { type Address, type NodeId, nodeOf } from '@synod/runtime/protocol'
import type { NotLeader } from '../messages.ts'
import { assignmentOf } from '../rows.ts'
import { inquireAgain, inquireSoon } from './doubt.ts'
import { sendOwedTo } from './owing.ts'
import { leaderOf, redirected, turnTo } from './routes.ts'
import { sendPrepares } from './running.ts'
import type { Turn } from './state.ts'

/** [TX16] */
export function onNotLeader(turn: Turn, from: Address, { group, leader }: NotLeader): void {
  if (redirected(turn, from, group, leader)) {
    sendWaiting(turn, group)
    inquireAgain(turn, group)
    return
  }
  if (nodeOf(from) !== leaderOf(turn, group)) return
  // It knows no leader, or one who is away: another member may know more, or the election is not over yet.
  turnTo(turn, group)
  turn.state.silent.delete(group)
  inquireSoon(turn, group)
}

/** [TX16] Only a hint: a node that seems to be away may answer all the same. */
export function onPeer(turn: Turn, node: NodeId, reachable: boolean): void {
  const { state, seat } = turn
  if (reachable) {
    state.down.delete(node)
    return
  }
  state.down.add(node)
  for (const group of Object.keys(assignmentOf(seat.store)?.groups ?? {})) {
    if (group === seat.group || leaderOf(turn, group) !== node) continue
    turnTo(turn, group)
    sendWaiting(turn, group)
    inquireSoon(turn, group)
  }
}

function sendWaiting(turn: Turn, group: string): void {
  for (const running of turn.state.running.values()) sendPrepares(turn, running, group)
  sendOwedTo(turn, group)
}
