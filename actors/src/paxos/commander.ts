/**
 * Phase 2 (Paxos Made Simple §2.2; PMMC Fig. 5 and 6, commanders and leader): propose values in slots, count votes,
 * keep a bounded number of slots in flight, and batch what one turn brings into one slot.
 */
import { type Address, assert, type NodeId, type Now, nodeOf, type Outbox } from '@synod/runtime/protocol'
import { encodeBatch } from '../replicated/machine-host.ts'
import { type Ballot, lifeOf, printBallot, sameBallot } from './ballot.ts'
import { stepDown } from './election.ts'
import type { ProposerMessage } from './messages.ts'
import {
  type Commander,
  type Leading,
  type ProposerState,
  tellWhoLeads,
  toAcceptors,
  toLearner,
  toOwnAcceptor,
} from './proposer-state.ts'
import { isOver, noteLives } from './scout.ts'

type Of<Type extends ProposerMessage['type']> = Extract<ProposerMessage, { type: Type }>

/** Ticks after which what is not answered is sent again; doubled each time, as a slow member is not helped by more. */
const firstResendTicks = 2
const mostResendTicks = 16
/** Ticks without a majority's answer after which a leader stops to be one. */
const silenceTicks = 8
/** Ticks that a leader waits for the member that it handed over to. */
const holdTicks = 5

export function beginLeading(
  state: ProposerState,
  ballot: Ballot,
  chosen: number,
  inherited: Uint8Array[],
  now: Now,
  out: Outbox,
): void {
  const phase: Leading = {
    name: 'leading',
    ballot,
    chosen,
    nextSlot: chosen + 1,
    ownSlot: chosen + inherited.length,
    inherited: inherited.reverse(),
    commanders: new Map(),
    bytesInFlight: 0,
    waiting: [],
    tokens: [],
    side: 0,
    asked: 0,
    flushing: false,
    confirmRound: 0,
    reads: [],
    heard: new Map(),
    ticks: 0,
    silentTicks: 0,
    handOverTicks: 0,
    heldUntilTick: 0,
  }
  state.phase = phase
  state.leader = state.place.node
  state.leaderBallot = ballot
  out.note('leads', { group: state.place.group, ballot: printBallot(ballot), chosen })
  tellWhoLeads(state, out)
  fillWindow(state, phase, now, out)
  beat(state, phase, out)
}

/** What one turn asks goes into one slot: the flush comes round once nothing more was asked meanwhile. */
export function onPropose(state: ProposerState, message: Of<'propose'>, out: Outbox): void {
  const { phase } = state
  if (phase.name !== 'leading') return
  if (message.side !== phase.side) {
    phase.side = message.side
    phase.tokens = []
  }
  for (const command of message.commands) phase.waiting.push(command)
  for (const token of message.tokens) phase.tokens.push(token)
  phase.asked++
  if (phase.flushing) return
  phase.flushing = true
  sendFlush(state, phase, out)
}

function sendFlush(state: ProposerState, phase: Leading, out: Outbox): void {
  const message: ProposerMessage = { type: 'flush', seen: phase.asked }
  out.send(state.place.own.proposer, message)
}

export function onFlush(state: ProposerState, message: Of<'flush'>, now: Now, out: Outbox): void {
  const { phase } = state
  if (phase.name !== 'leading' || !phase.flushing) return
  const { batchCommands } = state.place.tuning
  if (message.seen !== phase.asked && phase.waiting.length < batchCommands) {
    sendFlush(state, phase, out)
    return
  }
  phase.flushing = false
  startReadRound(state, phase, out)
  fillWindow(state, phase, now, out)
}

/** One quorum round for all read points that were asked in this turn (PX14). */
function startReadRound(state: ProposerState, phase: Leading, out: Outbox): void {
  if (phase.tokens.length === 0) return
  const round = ++phase.confirmRound
  phase.reads.push({ round, side: phase.side, tokens: phase.tokens, chosen: phase.chosen })
  phase.tokens = []
  toAcceptors(state, { type: 'confirm', ballot: phase.ballot, round }, out)
}

function fillWindow(state: ProposerState, phase: Leading, now: Now, out: Outbox): void {
  const { window, windowBytes } = state.place.tuning
  const last = phase.chosen + window
  while (phase.nextSlot <= last && phase.bytesInFlight < windowBytes) {
    const value = phase.inherited.pop() ?? nextBatch(state, phase, now)
    if (value === undefined) return
    const slot = phase.nextSlot++
    phase.bytesInFlight += value.length
    phase.commanders.set(slot, newCommander(value, phase.ticks))
    toAcceptors(state, { type: 'accept', ballot: phase.ballot, slot, value, chosen: phase.chosen }, out)
  }
}

function newCommander(value: Uint8Array, tick: number): Commander {
  const resendTicks = firstResendTicks
  return { value, votes: new Map(), isChosen: false, resendTick: tick + resendTicks, resendTicks }
}

function nextBatch(state: ProposerState, phase: Leading, now: Now): Uint8Array | undefined {
  const { waiting } = phase
  if (waiting.length === 0 || phase.flushing || phase.ticks < phase.heldUntilTick) return undefined
  const { batchCommands, batchBytes } = state.place.tuning
  let count = Math.min(waiting.length, batchCommands)
  for (;;) {
    const commands = count === waiting.length ? waiting : waiting.slice(0, count)
    const value = encodeBatch({ timeMs: now.wallMs, commands })
    if (value.length <= batchBytes || count === 1) {
      phase.waiting = waiting.slice(count)
      return value
    }
    count = Math.ceil(count / 2)
  }
}

export function onAccepted(
  state: ProposerState,
  from: Address,
  message: Of<'accepted'>,
  now: Now,
  out: Outbox,
): void {
  const { phase } = state
  if (phase.name !== 'leading' || !sameBallot(message.ballot, phase.ballot)) return
  if (message.lives !== undefined) noteLives(state, message.lives)
  const commander = phase.commanders.get(message.slot)
  const node = nodeOf(from)
  const life = lifeOf(message.incarnation)
  if (commander === undefined || isOver(state, node, life)) return
  commander.votes.set(node, life)
  if (commander.isChosen || commander.votes.size < state.place.majority) return
  commander.isChosen = true
  if (message.slot === phase.chosen + 1) advance(state, phase, now, out)
}

function advance(state: ProposerState, phase: Leading, now: Now, out: Outbox): void {
  for (;;) {
    const commander = phase.commanders.get(phase.chosen + 1)
    if (commander === undefined || !commander.isChosen) break
    phase.commanders.delete(++phase.chosen)
    phase.bytesInFlight -= commander.value.length
  }
  toOwnAcceptor(state, { type: 'chosen', ballot: phase.ballot, chosen: phase.chosen }, out)
  fillWindow(state, phase, now, out)
}

/** An acceptor has not promised anybody above us when it got this round. */
export function onConfirmed(
  state: ProposerState,
  from: Address,
  message: Of<'confirmed'>,
  out: Outbox,
): void {
  const { phase } = state
  if (phase.name !== 'leading' || !sameBallot(message.ballot, phase.ballot)) return
  const node = nodeOf(from)
  const round = Math.max(message.round, phase.heard.get(node)?.round ?? 0)
  phase.heard.set(node, { round, vouched: message.vouched, tick: phase.ticks })
  const confirmed = quorumRound(phase, state.place.majority)
  while ((phase.reads[0]?.round ?? Number.POSITIVE_INFINITY) <= confirmed) {
    const read = phase.reads.shift()
    assert(read !== undefined, 'a read round is there')
    const { side, tokens, chosen } = read
    toLearner(state, { type: 'paxos.confirmed', side, tokens, chosen }, out)
  }
}

/** The highest round that a majority has answered, it or a later one. */
function quorumRound(phase: Leading, majority: number): number {
  const rounds = [...phase.heard.values()].map(heard => heard.round).sort((left, right) => right - left)
  return rounds[majority - 1] ?? 0
}

export function onLeaderTick(state: ProposerState, phase: Leading, now: Now, out: Outbox): void {
  phase.ticks++
  if (!hearsMajority(phase, state.place.majority)) phase.silentTicks++
  else phase.silentTicks = 0
  if (phase.silentTicks > silenceTicks) {
    stepDown(state, 'no majority answers', out)
    return
  }
  resend(state, phase, out)
  handOver(state, phase, out)
  phase.flushing = false
  startReadRound(state, phase, out)
  fillWindow(state, phase, now, out)
  beat(state, phase, out)
}

function hearsMajority(phase: Leading, majority: number): boolean {
  let heard = 0
  for (const { tick } of phase.heard.values()) if (phase.ticks - tick <= 1) heard++
  return heard >= majority
}

function beat(state: ProposerState, phase: Leading, out: Outbox): void {
  const { ballot, chosen } = phase
  toAcceptors(state, { type: 'heartbeat', ballot, round: ++phase.confirmRound, chosen }, out)
  out.setTimer('tick', state.place.tuning.heartbeatMs)
}

function resend(state: ProposerState, phase: Leading, out: Outbox): void {
  const { ballot, chosen } = phase
  for (const [slot, commander] of phase.commanders) {
    if (commander.isChosen || phase.ticks < commander.resendTick) continue
    commander.resendTicks = Math.min(commander.resendTicks * 2, mostResendTicks)
    commander.resendTick = phase.ticks + commander.resendTicks
    for (const { node, acceptor } of state.place.members) {
      if (commander.votes.has(node)) continue
      out.send(acceptor, { type: 'accept', ballot, slot, value: commander.value, chosen })
    }
  }
}

/** Leads on another's behalf until the preferred member has kept up for a while, so that leaders spread again. */
function handOver(state: ProposerState, phase: Leading, out: Outbox): void {
  const { preferred, node, members, tuning } = state.place
  if (preferred === node) return
  phase.handOverTicks = keepsUp(phase, preferred, tuning.window) ? phase.handOverTicks + 1 : 0
  if (phase.handOverTicks * tuning.heartbeatMs < tuning.handOverMs) return
  const target = members.find(member => member.node === preferred)
  phase.handOverTicks = 0
  if (target === undefined) return
  phase.heldUntilTick = phase.ticks + holdTicks
  out.note('hands over', { group: state.place.group, to: preferred })
  const message: ProposerMessage = { type: 'transfer', ballot: phase.ballot }
  out.send(target.proposer, message)
}

function keepsUp(phase: Leading, node: NodeId, slots: number): boolean {
  const heard = phase.heard.get(node)
  return heard !== undefined && phase.ticks - heard.tick <= 2 && heard.vouched >= phase.chosen - slots
}
