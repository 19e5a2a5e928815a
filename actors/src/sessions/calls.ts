/**
 * Calls: one message to the leader of one group, sent again until it is answered, wherever the leader is by then.
 * Repeating is harmless: reads change nothing, transactions carry their id (SPEC.md, EX).
 */
import type { NodeId } from '@synod/runtime/protocol'
import { noteAnswer, noteSilence, patienceMs, usualMs } from '../answer-times.ts'
import { frontDoor } from '../replicated/group.ts'
import { directoryGroup } from '../sharding/messages.ts'
import type { NotLeader, Overloaded, WrongEpoch } from '../transactions/messages.ts'
import { messageOf } from './call-message.ts'
import { believedLeader, firstTarget, forgetLeader, learnLeader, nextMember } from './routes.ts'
import { type Call, type Context, type Trouble, takeNumber, type Work } from './state.ts'

const tickMs = 50
const patience = { firstMs: 100, mostMs: 1_000 }
const maxHops = 4
/** With less time left nothing is sent any more: the answer could not come back in time. */
const lastSendMs = 50
/** The same where nothing is open, so that the asker can be told for good: where answers take long, at most so much. */
const mostLastSendMs = 1_000

export function openCall(context: Context, work: Work, group: string, deadlineAt: number): Call {
  const call: Call = {
    number: takeNumber(context.state),
    work,
    group,
    deadlineAt,
    phase: 'refused',
    target: undefined,
    sends: 0,
    send: 0,
    silent: 0,
    askedAt: context.nowMs,
    sentAt: context.nowMs,
    jitter: 1,
    hops: 0,
    retryAt: Number.POSITIVE_INFINITY,
    trouble: undefined,
  }
  context.state.calls.set(call.number, call)
  sendTo(context, call, firstTarget(context.state, group))
  return call
}

export function closeCall({ state }: Context, { number, work }: Call): void {
  state.calls.delete(number)
  if (work.kind === 'submit') state.submits.delete(work.tx)
}

/** The one timer of the session, armed while anything is open. */
export function keepTicking(context: Context): void {
  const { state, out } = context
  const needed = state.asks.size > 0 || state.calls.size > 0
  if (needed && !state.ticking) out.setTimer('tick', tickMs)
  state.ticking = needed
}

export function sendTo(context: Context, call: Call, to: NodeId | undefined) {
  if (to === undefined) return waitAfter(context, call, `the shard map has no group ${call.group}`)
  call.sends += 1
  call.send = takeNumber(context.state)
  if (call.silent === 0) call.askedAt = context.nowMs
  call.silent += 1
  call.target = to
  call.phase = 'sent'
  if (call.work.kind === 'submit') call.work.unsettled.push(call.send)
  call.sentAt = context.nowMs
  call.jitter = 1 + context.out.random() / 2
  call.retryAt = retryAt(context, call)
  context.out.send(frontDoor(to, call.group), messageOf(context, call))
}

function retryAt({ state }: Context, { group, silent, sentAt, jitter }: Call): number {
  return sentAt + patienceMs(state.answerTimes, group, silent, patience) * jitter
}

/**
 * [EX5] A refusal (`notLeader`, `wrongEpoch`, `overloaded`) settles the one send that it answers, no other: an earlier
 * one may have reached the same node while it led. Nothing is settled where no send is echoed: a deposed leader
 * cannot say what becomes of what it proposed.
 */
export function settle({ state }: Context, call: Call, echoed: number | undefined): void {
  const send = echoed === undefined ? undefined : echoed - state.firstTag
  // The last one may still be on its way.
  if (send === undefined || send === call.send) call.silent = 0
  if (call.work.kind !== 'submit' || send === undefined) return
  const { unsettled } = call.work
  const at = unsettled.indexOf(send)
  if (at >= 0) unsettled.splice(at, 1)
}

/**
 * [EX5] The log has closed the attempts up to `closed`. Every send so far named fewer, so wherever it is, however late
 * or often it arrives, it starts nothing any more. True when that is news.
 */
export function closedUpTo(call: Call, closed: number | undefined): boolean {
  if (call.work.kind !== 'submit' || closed === undefined || closed <= call.work.after) return false
  call.work.after = closed
  call.work.unsettled.length = 0
  return true
}

/** The group answered what it was asked, through this node. */
export function answered(context: Context, call: Call, by: NodeId): void {
  noteAnswer(context.state.answerTimes, call.group, context.nowMs - call.askedAt, call.silent)
  heardBy(context, call, by)
}

/** The same of an answer that is not the last: it says who leads, and nothing of how long answers take. */
export function heardBy(context: Context, call: Call, by: NodeId): void {
  // A late answer of one who was asked before may be of the past.
  if (call.target !== by) return
  context.state.heardMs.set(call.group, context.nowMs)
  ledBy(context, call.group, by)
}

/** The group answered through this node, so it leads; whoever waits to learn that goes on. */
export function ledBy(context: Context, group: string, node: NodeId): void {
  if (!learnLeader(context.state, group, node)) return
  for (const call of context.state.calls.values()) {
    if (call.group !== group || call.phase !== 'refused' || call.hops >= maxHops) continue
    if (isTooLate(context, call) || call.target === node) continue
    call.hops += 1
    sendTo(context, call, node)
  }
}

export function onNotLeader(context: Context, call: Call, from: NodeId, message: NotLeader) {
  const { state } = context
  settle(context, call, message.send)
  // An answer to an earlier send: its hint is older than what was done since.
  if (call.phase !== 'sent' || call.target !== from) return
  forgetLeader(state, call.group, from)
  const hinted = state.map.groups[call.group]?.members.find(member => member === message.leader)
  if (hinted === undefined || hinted === from || state.down.has(hinted) || call.hops >= maxHops) {
    return waitAfter(context, call, `${call.group} has no leader at the moment`)
  }
  call.hops += 1
  sendTo(context, call, hinted)
  ledBy(context, call.group, hinted)
}

/** True when the call must be planned by a newer map; else the group only has not heard of ours yet. */
export function onWrongEpoch(context: Context, call: Call, message: WrongEpoch): void {
  settle(context, call, message.send)
  closedUpTo(call, message.closed)
  waitAfter(context, call, `${call.group} has not taken up the shard map yet`)
  if (message.epoch < context.state.map.epoch) return
  call.phase = 'stale'
  fetchMap(context)
}

export function onOverloaded(context: Context, call: Call, message: Overloaded): void {
  settle(context, call, message.send)
  closedUpTo(call, message.closed)
  waitAfter(context, call, `too much waits at ${call.group}`, 'overloaded')
}

/** Why a call whose time is over was not done. */
export function troubleOf({ trouble, group }: Call): Trouble {
  return trouble ?? { status: 'unavailable', detail: `the leader of ${group} did not answer in time` }
}

/** A definite answer that is not the final one: nothing runs, the call is sent again a little later. */
export function waitAfter(
  context: Context,
  call: Call,
  detail: string,
  status: 'unavailable' | 'overloaded' = 'unavailable',
): void {
  call.phase = 'refused'
  call.trouble = { status, detail }
  const { firstMs, mostMs } = patience
  const doubled = status === 'overloaded' ? firstMs * 2 ** Math.min(call.sends, 4) : firstMs
  call.retryAt = context.nowMs + Math.min(mostMs, doubled) * jitter(context)
}

/** [EX5] What is settled stays definite, where one more send could only be without an answer at the deadline. */
function isTooLate({ state, nowMs }: Context, { deadlineAt, group, work }: Call): boolean {
  const isSettled = work.kind === 'submit' && work.unsettled.length === 0
  const usual = isSettled ? Math.min(usualMs(state.answerTimes, group), mostLastSendMs) : 0
  return deadlineAt - nowMs < Math.max(lastSendMs, usual)
}

/** Every call whose time has come is sent again. */
export function retryCalls(context: Context): void {
  for (const call of context.state.calls.values()) {
    if (call.retryAt > context.nowMs || isTooLate(context, call)) continue
    if (call.phase === 'sent' && isSlow(context, call)) continue
    call.hops = 0
    sendTo(context, call, retryTarget(context, call))
  }
}

/** What was learnt since it was sent: its group takes longer to answer everyone. */
function isSlow(context: Context, call: Call): boolean {
  call.retryAt = retryAt(context, call)
  if (call.retryAt > context.nowMs) return true
  noteSilence(context.state.answerTimes, call.group, context.nowMs - call.askedAt)
  return false
}

/** The believed leader; every second silence, or when it refused, another member, which may know better. */
function retryTarget(context: Context, call: Call): NodeId | undefined {
  const { state } = context
  const leader = call.phase === 'sent' ? believedLeader(state, call.group) : state.leaders.get(call.group)
  if (leader === undefined) return nextMember(state, call.group, call.target)
  if (state.down.has(leader)) {
    // Hints about nodes may be wrong: now and then the leader is asked although it seems to be away.
    return call.sends % 6 === 5 ? leader : nextMember(state, call.group, call.target)
  }
  if (call.silent % 2 === 1 || call.target !== leader) return leader
  const other = nextMember(state, call.group, leader)
  return call.silent % 4 === 0 ? nextMember(state, call.group, other) : other
}

/** A node went away, or seems to have: what waits for it is sent elsewhere at once. */
export function onPeer(context: Context, node: NodeId, reachable: boolean): void {
  const { state } = context
  if (reachable) {
    state.down.delete(node)
    return
  }
  state.down.add(node)
  for (const [group, leader] of state.leaders) if (leader === node) state.leaders.delete(group)
  for (const call of state.calls.values()) {
    if (call.target !== node || call.phase !== 'sent') continue
    if (isTooLate(context, call)) continue
    const next = nextMember(state, call.group, node)
    if (next === undefined || next === node) continue
    call.askedAt = context.nowMs
    sendTo(context, call, next)
  }
}

/** One fetch at a time, until it succeeds. */
export function fetchMap(context: Context): void {
  if (context.state.mapCall !== undefined) return
  const call = openCall(context, { kind: 'map' }, directoryGroup, Number.POSITIVE_INFINITY)
  context.state.mapCall = call.number
}

function jitter(context: Context): number {
  return 0.75 + context.out.random() / 2
}
