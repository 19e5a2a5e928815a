/** Not leading: waiting for a leader to be heard, or to be missed. */
import type { Outbox } from '@synod/runtime/protocol'
import { type ProposerState, tellWhoLeads } from './proposer-state.ts'

/** Follows, until a time drawn between these has passed in silence. */
export function awaitLeader(state: ProposerState, minMs: number, maxMs: number, out: Outbox): void {
  state.phase = { name: 'following' }
  out.cancelTimer('tick')
  out.setTimer('election', minMs + out.random() * (maxMs - minMs))
}

export function stepDown(state: ProposerState, reason: string, out: Outbox): void {
  const { retryMs } = state.place.tuning
  const led = state.phase.name === 'leading'
  if (state.leader === state.place.node) state.leader = undefined
  awaitLeader(state, retryMs, retryMs * 2.5, out)
  if (!led) return
  out.note('lost the lead', { group: state.place.group, reason })
  tellWhoLeads(state, out)
}
