/** The leader side of a shard: coordinator and participant at once. Its events, and where each is handled. */
import { type Address, type Event, type NodeId, type Request, unreachable } from '@synod/runtime/protocol'
import type { Applied, LeaderOutbox, LeaderSide, Seat } from '../../replicated/state-machine.ts'
import type { AbortResult, Command, Decision, PrepareResult, Result } from '../commands.ts'
import type { TransactionMessage } from '../messages.ts'
import { table } from '../rows.ts'
import { answer } from './askers.ts'
import { onAssign, onAssigned } from './assigning.ts'
import { onAborted, onInquire, onWound } from './doubt.ts'
import { onFinished, oweCommit } from './owing.ts'
import { onNotLeader, onPeer } from './peers.ts'
import { onConfirmed, onLookup, onRead } from './reads.ts'
import { refuseMessage, tellAll } from './refusing.ts'
import { onDecision, onFailed, onVote } from './running.ts'
import { onRetired } from './serving.ts'
import { adopt, onFinish, onFinishApplied, onPrepare, onPrepared, onPrepareFailed } from './shares.ts'
import { armTick, emptyState, type LeaderState, type Turn } from './state.ts'
import { describe, statusOf } from './status.ts'
import { onSubmit } from './submit.ts'
import { armSweep, onSweep } from './sweep.ts'
import { onFlush, onTick } from './tick.ts'

type Out = LeaderOutbox<Command>

export const leaderSide: LeaderSide<Command, Result, LeaderState, TransactionMessage> = {
  start(seat, out) {
    const turn: Turn = { state: emptyState(out.random()), seat, out }
    for (const [, share] of table.prepared(seat.store).scan()) adopt(turn, share)
    for (const [tx] of table.unfinished(seat.store).scan()) oweCommit(turn, tx)
    armTick(turn)
    armSweep(turn)
    return turn.state
  },
  receive(state, seat, event, out) {
    const turn: Turn = { state, seat, out }
    state.nowMs = event.now.monotonicMs
    state.wallMs = event.now.wallMs
    if (event.kind === 'timer') onTimer(turn, event.name)
    else if (event.kind === 'message') onMessage(turn, event.from, event.message)
    else if (event.kind === 'request') onMessage(turn, event.request, event.message)
    else onPeer(turn, event.node, event.reachable)
  },
  applied(state, seat, command, applied, out) {
    onApplied({ state, seat, out }, command, applied)
  },
  confirmed: (state, seat, token, out) => onConfirmed({ state, seat, out }, token),
  stop: (state, seat, out) => tellAll({ state, seat, out }),
  refuse: (seat: Seat, event: Event<TransactionMessage>, leader: NodeId | undefined, out: Out) =>
    refuseMessage(seat, event, leader, out),
  describe,
}

function onTimer(turn: Turn, name: string): void {
  if (name === 'tick') onTick(turn)
  else if (name === 'flush') onFlush(turn)
  else if (name === 'sweep') onSweep(turn)
}

/** Some may come by request, from outside the actors; the rest comes from leaders only. */
function onMessage(turn: Turn, from: Address | Request, message: TransactionMessage): void {
  switch (message.type) {
    case 'submit':
      onSubmit(turn, from, message)
      return
    case 'readKeys':
    case 'scanKeys':
      onRead(turn, from, message)
      return
    case 'lookup':
      onLookup(turn, from, message)
      return
    case 'transactions':
      answer(turn, from, statusOf(turn))
      return
    case 'assign':
      onAssign(turn, from, message)
      return
    default:
      if (typeof from === 'string') onLeadersMessage(turn, from, message)
  }
}

type FromLeaders = Extract<
  TransactionMessage,
  { type: 'prepare' | 'vote' | 'finish' | 'finished' | 'inquire' | 'wound' | 'notLeader' }
>

function onLeadersMessage(turn: Turn, from: Address, message: FromLeaders): void {
  switch (message.type) {
    case 'prepare':
      onPrepare(turn, from, message)
      return
    case 'vote':
      onVote(turn, from, message)
      return
    case 'finish':
      onFinish(turn, from, message)
      return
    case 'finished':
      onFinished(turn, from, message)
      return
    case 'inquire':
      onInquire(turn, message)
      return
    case 'wound':
      onWound(turn, from, message)
      return
    case 'notLeader':
      onNotLeader(turn, from, message)
      return
    default:
      unreachable(message)
      return
  }
}

function onApplied(turn: Turn, command: Command, applied: Applied<Result>): void {
  if (!applied.ok) {
    turn.out.note('failed', { command: command.type, failed: applied.failed })
    if (command.type === 'execute' || command.type === 'decide') onFailed(turn, command, applied.failed)
    else if (command.type === 'prepare') onPrepareFailed(turn, command, applied.failed)
    return
  }
  switch (command.type) {
    case 'execute':
    case 'decide':
    case 'refuse': {
      const decision = applied.result as Decision
      if (command.type === 'decide' && decision.status === 'decided') oweCommit(turn, command.tx)
      onDecision(turn, command, decision)
      if (command.type === 'execute') onRetired(turn, command.operations)
      return
    }
    case 'prepare':
      onPrepared(turn, command, applied.result as PrepareResult)
      return
    case 'abort':
      onAborted(turn, command, applied.result as AbortResult)
      return
    case 'finish':
      onFinishApplied(turn, command)
      return
    case 'assign':
      onAssigned(turn)
      return
    case 'forget':
      return
    default:
      unreachable(command)
  }
}
