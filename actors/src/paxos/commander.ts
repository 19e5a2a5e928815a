/**
 * Phase 2 (Paxos Made Simple §2.2; PMMC Fig. 5 and 6, commanders and leader): propose values in slots, count votes,
 * keep a bounded number of slots in flight, and batch what one turn brings into one slot.
 */
import { type Address, type Now, nodeOf, type Outbox } from '@synod/runtime/protocol'
import { encodeBatch } from '../replicated/machine-host.ts'
import { lifeOf, sameBallot } from './ballot.ts'
import { isOver, noteLives } from './lives.ts'
import type { ProposerMessage } from './messages.ts'
import {
  type Commander,
  type Leading,
  type ProposerState,
  toAcceptors,
  toOwnAcceptor,
} from './proposer-state.ts'
import { startReadRound } from './reads.ts'

type Of<Type extends ProposerMessage['type']> = Extract<ProposerMessage, { type: Type }>

/** Ticks after which what is not answered is sent again; doubled each time, as a slow member is not helped by more. */
const firstResendTicks = 2

/** What one turn asks goes into one slot: the flush comes round once nothing more was asked meanwhile. */
export function onPropose(state: ProposerState, message: Of<'propose'>, out: Outbox): void {
  const { phase } = state
  // [PX23] A learner that does not know yet that the lead was lost, and is back, proposes for the side before.
  if (phase.name !== 'leading' || !sameBallot(message.ballot, phase.ballot)) return
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

export function fillWindow(state: ProposerState, phase: Leading, now: Now, out: Outbox): void {
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
