/**
 * Transactions that were submitted here. Those of one group are one command; for the others this leader coordinates:
 * own locks in memory, prepares in parallel, then the decision in the log, then the answer. What follows (finish,
 * forget) nobody waits for.
 */
import type { Address, Request } from '@synod/runtime/protocol'
import { noteAnswer } from '../../answer-times.ts'
import type { Decide, Decision, Execute } from '../commands.ts'
import { evaluate } from '../evaluate.ts'
import type { Attempt, Prepare, Submit, TxKey, Vote } from '../messages.ts'
import { assignmentOf, type RecordRow, table } from '../rows.ts'
import { workOf } from '../work.ts'
import { answerAll, askerOf, attach, refuseAll, refusedAs } from './askers.ts'
import { enter, leave, waitAgain } from './entering.ts'
import { owe } from './owing.ts'
import { common, entrantOf, isSingle, ownOperations, participantShares } from './parts.ts'
import { heardFrom, toLeader } from './routes.ts'
import { serveLine } from './serving.ts'
import { type AfterClosing, armTick, type Running, type Turn, tuning } from './state.ts'

/** `record`: what is known of attempts that were closed before. */
export function begin(
  turn: Turn,
  from: Address | Request,
  tx: TxKey,
  submit: Submit,
  record: RecordRow | undefined,
): void {
  const { state } = turn
  const running: Running = {
    tx,
    submit,
    // Only an order of precedence: no decision depends on this clock.
    age: record?.age ?? { timeMs: state.wallMs, tx },
    askers: [],
    attempt: (record?.closed ?? 0) + 1,
    deadlineMs: state.nowMs + submit.patienceMs,
    asked: false,
    phase: { at: 'waiting' },
  }
  attach(running, askerOf(from, submit))
  state.running.set(tx, running)
  armTick(turn)
  tryToGo(turn, running)
}

export function tryToGo(turn: Turn, running: Running): void {
  running.phase = { at: 'waiting' }
  if (enter(turn, entrantOf(running))) go(turn, running)
}

/** The own share's locks are free (and held in memory when others take part). */
export function go(turn: Turn, running: Running): void {
  if (isSingle(running)) {
    running.phase = { at: 'proposed' }
    turn.out.propose({ type: 'execute', ...common(running), operations: ownOperations(running) })
    return
  }
  const own = evaluate(turn.seat.store, workOf(ownOperations(running)), { version: 0, decides: false })
  if (own.verdict === 'refused') propose(turn, running, 'probe')
  else prepareAll(turn, running)
}

function propose(turn: Turn, running: Running, as: 'decision' | 'probe'): void {
  const votes = running.phase.at === 'preparing' ? [...running.phase.votes.values()] : []
  running.phase = { at: 'proposed' }
  const probe = as === 'probe' ? { probe: true as const } : {}
  const operations = ownOperations(running)
  turn.out.propose({ type: 'decide', ...common(running), operations, votes, ...probe })
}

function prepareAll(turn: Turn, running: Running): void {
  const { nowMs } = turn.state
  running.asked = true
  running.phase = { at: 'preparing', votes: new Map(), askedMs: nowMs, sentMs: nowMs, sends: 1 }
  sendPrepares(turn, running)
}

/** To those whose vote is missing. */
export function sendPrepares(turn: Turn, running: Running, only?: string): void {
  const { phase, submit, tx, attempt, age } = running
  if (phase.at !== 'preparing') return
  const participants = submit.shares.map(share => share.group)
  const coordinator = turn.seat.group
  for (const { group, operations } of participantShares(running)) {
    if (phase.votes.has(group) || (only !== undefined && group !== only)) continue
    const share = { tx, attempt, age, epoch: submit.epoch, coordinator, participants, operations }
    const prepare: Prepare = {
      type: 'prepare',
      nonce: turn.state.nonce,
      share: { type: 'prepare', ...share },
    }
    toLeader(turn, group, prepare)
  }
}

export function onVote(turn: Turn, from: Address, vote: Vote): void {
  heardFrom(turn, from, vote.group)
  const running = turn.state.running.get(vote.tx)
  // Votes for older attempts or leaders, or after the decision: they change nothing.
  if (vote.nonce !== turn.state.nonce || running?.attempt !== vote.attempt) return
  if (running.phase.at !== 'preparing') return
  const { votes } = running.phase
  switch (vote.vote) {
    case 'yes': {
      const { group, prepared, results } = vote
      const { askedMs, sends } = running.phase
      if (!votes.has(group)) noteAnswer(turn.state.answerTimes, group, turn.state.nowMs - askedMs, sends)
      votes.set(group, { group, prepared, results })
      if (participantShares(running).every(share => votes.has(share.group)))
        propose(turn, running, 'decision')
      return
    }
    case 'no': {
      const { reason, operation, detail } = vote
      running.phase = { at: 'proposed' }
      turn.out.propose({ type: 'refuse', ...common(running), refused: { reason, operation, detail } })
      return
    }
    case 'retry':
      close(turn, running, vote.why === 'wounded' ? 'retry' : vote.why)
  }
}

/** [TX13, TX14] What comes next comes only after the log has closed this attempt. */
export function close(turn: Turn, running: Running, then: AfterClosing): void {
  const { tx, attempt, age } = running
  running.phase = { at: 'closing', then }
  turn.out.propose({ type: 'abort', attempts: [{ tx, attempt, age }] })
}

/** The log has spoken about a transaction that runs here: by our command, or by another leader's. */
export function onDecision(turn: Turn, command: Attempt, decision: Decision): void {
  const running = turn.state.running.get(command.tx)
  if (running === undefined) return
  switch (decision.status) {
    case 'decided':
      if (decision.outcome.status === 'refused') abortShares(turn, running)
      drop(turn, running)
      answerAll(turn, running, decision.outcome)
      return
    case 'expired':
    case 'conflictingRequest':
      abortShares(turn, running)
      drop(turn, running)
      answerAll(turn, running, refusedAs(decision.status))
      return
    case 'closed':
      onClosed(turn, running.tx, decision.closed)
      return
    case 'possible':
      if (isOurs(running, command)) prepareAll(turn, running)
      return
    case 'wrongEpoch':
      if (isOurs(running, command)) close(turn, running, 'wrongEpoch')
      return
    case 'locked':
      if (isOurs(running, command)) onLocked(turn, running)
  }
}

/** The command threw, on every member: it would again. So this is the final answer. */
export function onFailed(turn: Turn, command: Execute | Decide, failed: string): void {
  const running = turn.state.running.get(command.tx)
  if (running === undefined || !isOurs(running, command)) return
  const operation = command.operations[0]?.index ?? 0
  const refused = { reason: 'invalid', operation, detail: `it failed: ${failed}` } as const
  turn.out.propose({ type: 'refuse', ...common(running), refused })
}

function isOurs(running: Running, { attempt }: Attempt): boolean {
  return running.phase.at === 'proposed' && running.attempt === attempt
}

/** A prepared transaction came first, or pending adds leave it open: alone, wait in line; with others, let them go. */
function onLocked(turn: Turn, running: Running): void {
  if (!isSingle(running)) {
    close(turn, running, 'retry')
    return
  }
  running.phase = { at: 'waiting' }
  waitAgain(turn, entrantOf(running))
}

/** [TX13] Attempts up to `closed` can not commit any more. */
export function onClosed(turn: Turn, tx: TxKey, closed: number): void {
  const running = turn.state.running.get(tx)
  if (running === undefined || running.attempt > closed) return
  abortShares(turn, running)
  const then = running.phase.at === 'closing' ? running.phase.then : 'retry'
  const late = turn.state.nowMs >= running.deadlineMs
  if (then !== 'retry' || late) {
    end(turn, running, then === 'retry' ? 'unavailable' : then)
    return
  }
  const freed = leave(turn, tx)
  running.attempt = closed + 1
  running.asked = false
  const rounds = Math.min(running.attempt, 8)
  const waitMs = tuning.backoffMs * rounds * turn.out.random()
  running.phase = { at: 'backoff', untilMs: turn.state.nowMs + waitMs }
  serveLine(turn, freed)
}

/** Definite: nothing happened, and nothing of this attempt will. */
function end(turn: Turn, running: Running, how: Exclude<AfterClosing, 'retry'>): void {
  drop(turn, running)
  const closed = table.records(turn.seat.store).get(running.tx)?.closed ?? 0
  if (how === 'unavailable') {
    const outcome = { status: 'unavailable', detail: 'not decided in time; nothing happened' } as const
    answerAll(turn, running, outcome, closed)
    return
  }
  const epoch = assignmentOf(turn.seat.store)?.epoch ?? 0
  refuseAll(turn, running, how === 'wrongEpoch' ? { type: how, epoch, closed } : { type: how, closed })
}

function drop(turn: Turn, running: Running): void {
  turn.state.running.delete(running.tx)
  serveLine(turn, leave(turn, running.tx))
}

/** Participants may have prepared this attempt: tell them now, so that they need not ask. */
function abortShares(turn: Turn, running: Running): void {
  const { tx, attempt } = running
  if (!running.asked) return
  owe(
    turn,
    { tx, attempt },
    participantShares(running).map(share => share.group),
  )
}
