/**
 * Where other groups' leaders are believed to be: learned from answers, corrected by `notLeader`, turned by silence.
 */
import { type Address, type NodeId, nodeOf } from '@synod/runtime/protocol'
import { frontDoor } from '../../replicated/group.ts'
import { assignmentOf } from '../rows.ts'
import type { Turn } from './state.ts'

/** The group of an actor that sent a message: fronts are named after their groups. */
export function groupOf(from: Address): string {
  return from.slice(from.lastIndexOf('/') + 1)
}

export function leaderOf({ state, seat }: Turn, group: string): NodeId | undefined {
  return state.routes.get(group) ?? assignmentOf(seat.store)?.groups[group]?.preferred
}

export function toLeader(turn: Turn, group: string, message: unknown): void {
  const node = leaderOf(turn, group)
  if (node !== undefined) turn.out.send(frontDoor(node, group), message)
}

/** A group answered: its leader is where the answer came from. */
export function heardFrom({ state }: Turn, from: Address, group: string): void {
  state.routes.set(group, nodeOf(from))
  state.heardMs.set(group, state.nowMs)
  state.redirects.delete(group)
  state.silent.delete(group)
}

/** Whether the group's leader said nothing since then: one that answers others is busy, not away. */
export function isSilentSince({ state }: Turn, group: string, ms: number): boolean {
  return (state.heardMs.get(group) ?? Number.NEGATIVE_INFINITY) < ms
}

/** No answer: try another member that is not away. Once at a time, however many wait for it. */
export function turnTo(turn: Turn, group: string): void {
  const { state, seat } = turn
  if (state.turnedMs.get(group) === state.nowMs) return
  state.turnedMs.set(group, state.nowMs)
  const members = assignmentOf(seat.store)?.groups[group]?.members ?? []
  const believed = leaderOf(turn, group)
  const at = believed === undefined ? -1 : members.indexOf(believed)
  const others = [...members.slice(at + 1), ...members.slice(0, at + 1)]
  const next = others.find(member => !state.down.has(member)) ?? others[0]
  if (next !== undefined) state.routes.set(group, next)
  state.redirects.delete(group)
}

/** True when it is worth sending again at once: members with old beliefs could send each other's way for ever. */
export function redirected(turn: Turn, from: Address, group: string, leader: string | null): boolean {
  const { state, seat } = turn
  if (nodeOf(from) !== leaderOf(turn, group)) return false
  const members = assignmentOf(seat.store)?.groups[group]?.members ?? []
  const named = members.find(member => member === leader && member !== nodeOf(from))
  if (named === undefined || state.down.has(named)) return false
  state.routes.set(group, named)
  state.silent.delete(group)
  const times = (state.redirects.get(group) ?? 0) + 1
  state.redirects.set(group, times)
  return times <= members.length
}
