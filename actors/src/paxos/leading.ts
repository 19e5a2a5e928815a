/**
 * Being the leader (PMMC Fig. 6): taking over, heartbeats, sending again what was not answered, stopping when no
 * majority answers, and handing over to the preferred member.
 */
import { type NodeId, type Now, type Outbox, SlabMap } from '@synod/runtime/protocol'
import { type Ballot, printBallot } from './ballot.ts'
import { fillWindow } from './commander.ts'
import { stepDown } from './following.ts'
import type { ProposerMessage } from './messages.ts'
import { type Leading, type ProposerState, tellWhoLeads, toAcceptors } from './proposer-state.ts'
import { startReadRound } from './reads.ts'

/** The longest wait, in ticks, before what is not answered is sent again. */
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
    commanders: new SlabMap(),
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
