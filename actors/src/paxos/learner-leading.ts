/**
 * The leader side of the group's machine, hosted by the learner of the leader: started when the state is current,
 * stopped when the lead is lost; everybody else's learner refuses on the machine's behalf.
 */
import type { Event, Outbox } from '@synod/runtime/protocol'
import { LeaderBox, leaderTimer } from '../replicated/leader-box.ts'
import type { Applied, LeaderSide, Seat, StateMachine } from '../replicated/state-machine.ts'
import { StoreReader } from '../replicated/store.ts'
import { sameBallot } from './ballot.ts'
import { type LearnerState, type Side, toProposer } from './learner-state.ts'
import type { LearnerMessage } from './messages.ts'

type Of<Type extends LearnerMessage['type']> = Extract<LearnerMessage, { type: Type }>
export type Leader = LeaderSide<unknown, unknown, unknown, unknown>

export function onLead(
  state: LearnerState,
  machine: StateMachine,
  message: Of<'paxos.lead'>,
  out: Outbox,
): void {
  const { ballot, slot } = message
  if (state.lead !== undefined && sameBallot(state.lead.ballot, ballot)) return
  stopSide(state, machine, out)
  state.lead = { ballot, slot }
  state.leader = state.place.node
  state.ballot = ballot
  startSideWhenCurrent(state, machine, out)
}

export function onFollow(
  state: LearnerState,
  machine: StateMachine,
  message: Of<'paxos.follow'>,
  out: Outbox,
): void {
  state.lead = undefined
  state.leader = message.leader
  state.ballot = message.ballot
  stopSide(state, machine, out)
}

/** A slot of our own ballot is applied: everything chosen before it is in the store (PX13). */
export function startSideWhenCurrent(state: LearnerState, machine: StateMachine, out: Outbox): void {
  const { lead, side, host } = state
  if (machine.leader === undefined || lead === undefined || side !== undefined || host.applied < lead.slot)
    return
  const started: Side = {
    id: Math.floor(out.random() * 2 ** 48),
    ballot: lead.ballot,
    seat: seatOf(state),
    timers: new Set(),
    reads: [],
    state: undefined,
  }
  const box = new LeaderBox(out, started.timers)
  started.state = machine.leader.start(started.seat, box)
  state.side = started
  release(state, started, box, out)
}

export function seatOf(state: LearnerState): Seat {
  const { group, node, members } = state.place
  return {
    group,
    node,
    members: members.map(member => member.node),
    store: new StoreReader(state.host.store),
  }
}

/** Runs one step of the leader side, and hands on what it proposed and asked. */
export function withSide(state: LearnerState, side: Side, out: Outbox, step: (box: LeaderBox) => void): void {
  const box = new LeaderBox(out, side.timers)
  step(box)
  release(state, side, box, out)
}

function release(state: LearnerState, side: Side, box: LeaderBox, out: Outbox): void {
  const { commands, tokens } = box
  if (commands.length === 0 && tokens.length === 0) return
  toProposer(state, { type: 'propose', ballot: side.ballot, side: side.id, commands, tokens }, out)
}

export function stopSide(state: LearnerState, machine: StateMachine, out: Outbox): void {
  const { side } = state
  if (side === undefined) return
  state.side = undefined
  const box = new LeaderBox(out, side.timers)
  machine.leader?.stop(side.state, side.seat, box)
  box.cancelAllTimers()
}

/** Anything that is not the learner's own goes to the machine. */
export function onMachineEvent(
  state: LearnerState,
  machine: StateMachine,
  event: Event<unknown>,
  out: Outbox,
): void {
  const { leader } = machine
  const { side } = state
  if (leader === undefined) {
    if (event.kind === 'request') out.reply(event.request, { error: `${machine.name} takes no requests` })
    return
  }
  if (side !== undefined) {
    withSide(state, side, out, box => leader.receive(side.state, side.seat, own(event, side), box))
  } else if (event.kind === 'message' || event.kind === 'request') {
    leader.refuse(seatOf(state), event, state.leader, new LeaderBox(out, new Set()))
  }
}

/** A timer under the name that the leader side gave it. */
function own(event: Event<unknown>, side: Side): Event<unknown> {
  if (event.kind !== 'timer') return event
  const name = leaderTimer(event.name) ?? event.name
  side.timers.delete(name)
  return { ...event, name }
}

/** What a leader side is told of each command applied while it leads. */
export function tellApplied(
  leader: Leader,
  side: Side,
  box: LeaderBox,
): (command: unknown, applied: Applied<unknown>) => void {
  return (command, applied) => leader.applied(side.state, side.seat, command, applied, box)
}

/** A quorum confirmed that we led when these were asked. */
export function onConfirmed(
  state: LearnerState,
  machine: StateMachine,
  message: Of<'paxos.confirmed'>,
  out: Outbox,
): void {
  const { side } = state
  if (side === undefined || side.id !== message.side) return
  side.reads.push({ chosen: message.chosen, tokens: message.tokens })
  answerReads(state, machine, out)
}

/** Read points are good once everything is applied that was chosen when they were asked (PX14). */
export function answerReads(state: LearnerState, machine: StateMachine, out: Outbox): void {
  const { side, host } = state
  const { leader } = machine
  if (side === undefined || leader === undefined) return
  while (side.reads[0] !== undefined && side.reads[0].chosen <= host.applied) {
    const { tokens } = side.reads[0]
    side.reads.shift()
    withSide(state, side, out, box => {
      for (const token of tokens) leader.confirmed(side.state, side.seat, token, box)
    })
  }
}
