/** Which member of a group to talk to. Everything here is belief; the groups themselves decide. */
import type { NodeId } from '@synod/runtime/protocol'
import type { RoutesAnswer } from './messages.ts'
import type { SessionState } from './state.ts'

/** The member last seen to lead, or the preferred one; undefined for a group the map does not have. */
export function believedLeader(state: SessionState, group: string): NodeId | undefined {
  return state.leaders.get(group) ?? state.map.groups[group]?.preferred
}

/** The next member in turn that is not known to be away. */
export function nextMember(
  state: SessionState,
  group: string,
  after: NodeId | undefined,
): NodeId | undefined {
  const members = state.map.groups[group]?.members ?? []
  const at = after === undefined ? -1 : members.indexOf(after)
  const inTurn = members.map((_, offset) => members[(at + 1 + offset) % members.length])
  return inTurn.find(member => member !== undefined && !state.down.has(member)) ?? inTurn[0]
}

/** The first choice of a call that was not sent yet. */
export function firstTarget(state: SessionState, group: string): NodeId | undefined {
  const believed = believedLeader(state, group)
  return believed !== undefined && state.down.has(believed) ? nextMember(state, group, believed) : believed
}

/** True when that is news. */
export function learnLeader(state: SessionState, group: string, leader: NodeId): boolean {
  if (state.leaders.get(group) === leader) return false
  state.leaders.set(group, leader)
  return true
}

export function forgetLeader(state: SessionState, group: string, leader: NodeId): void {
  if (state.leaders.get(group) === leader) state.leaders.delete(group)
}

/**
 * [EX4] A call whose time is over in silence leaves another member to the next one, which else would wait for the same
 * silence: its patience may be longer than its time. A group that has answered others meanwhile is slow, not silent.
 */
export function passBySilent(state: SessionState, nowMs: number): void {
  for (const { group, target, phase, deadlineAt, askedAt } of state.calls.values()) {
    if (deadlineAt > nowMs || phase !== 'sent' || target !== believedLeader(state, group)) continue
    if ((state.heardMs.get(group) ?? Number.NEGATIVE_INFINITY) >= askedAt) continue
    const next = nextMember(state, group, target)
    if (next !== undefined) state.leaders.set(group, next)
  }
}

/** What this node believes, for clients that choose whom to ask. */
export function routesOf(state: SessionState): RoutesAnswer {
  const leaders: Record<string, NodeId> = {}
  for (const group of Object.keys(state.map.groups)) {
    const leader = firstTarget(state, group)
    if (leader !== undefined) leaders[group] = leader
  }
  return { type: 'routes', node: state.node, map: state.map, leaders }
}
