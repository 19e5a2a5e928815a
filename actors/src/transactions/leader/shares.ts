/** Shares of transactions that other groups coordinate: in line, in the log, prepared, finished. */
import type { Address } from '@synod/runtime/protocol'
import type { LockRequest } from '../../concurrency/lock-modes.ts'
import { sameOperations } from '../apply-prepare.ts'
import type { FinishShares, PrepareResult, PrepareShare } from '../commands.ts'
import { limits } from '../limits.ts'
import type { Attempt, Finish, Prepare, TxKey, Vote } from '../messages.ts'
import { assignmentOf, table } from '../rows.ts'
import { type Entrant, enter, hold, leave, waitAgain } from './entering.ts'
import { ownsAll } from './ownership.ts'
import { readersMayGo } from './reads.ts'
import { heardFrom, toLeader } from './routes.ts'
import { serveLine } from './serving.ts'
import { armTick, type PreparedShare, type ShareState, type Turn, tuning, type VoteAsker } from './state.ts'

export function shareEntrant({ prepare }: ShareState): Entrant {
  const { tx, age, operations } = prepare
  return { tx, age, operations, holds: true }
}

type Ballot =
  | Pick<Extract<Vote, { vote: 'yes' }>, 'vote' | 'prepared' | 'results'>
  | Pick<Extract<Vote, { vote: 'no' }>, 'vote' | 'reason' | 'operation' | 'detail'>
  | Pick<Extract<Vote, { vote: 'retry' }>, 'vote' | 'why'>

function vote(
  { out, seat }: Turn,
  asker: VoteAsker | undefined,
  { tx, attempt }: Attempt,
  ballot: Ballot,
): void {
  if (asker === undefined) return
  const { to, nonce } = asker
  out.send(to, { type: 'vote', tx, attempt, nonce, group: seat.group, ...ballot } satisfies Vote)
}

/** [TX2] A repeat gets the same vote: the prepared row is the vote. */
export function onPrepare(turn: Turn, from: Address, message: Prepare): void {
  const { state, seat } = turn
  const { nonce, share: prepare } = message
  const { tx, attempt } = prepare
  const asker = { to: from, nonce }
  heardFrom(turn, from, prepare.coordinator)
  const before = table.prepared(seat.store).get(tx)
  const share = state.shares.get(tx)
  // [TX23] One id, two requests: the other's share stays its own.
  const holder = before?.coordinator ?? share?.prepare.coordinator ?? prepare.coordinator
  if (holder !== prepare.coordinator) {
    vote(turn, asker, prepare, { vote: 'retry', why: 'wounded' })
    return
  }
  const planned = before?.attempt === attempt ? before : share?.prepare
  if (planned?.attempt === attempt && !sameOperations(planned.operations, prepare.operations)) {
    vote(turn, asker, prepare, { vote: 'retry', why: 'wounded' })
    return
  }
  if (before?.attempt === attempt) {
    const { prepared, results } = before
    vote(turn, asker, prepare, { vote: 'yes', prepared, results })
    return
  }
  const tombstone = table.tombstones(seat.store).get(tx)
  if ((before?.attempt ?? 0) > attempt || (tombstone?.attempt ?? 0) >= attempt) {
    vote(turn, asker, prepare, { vote: 'retry', why: 'wounded' })
    return
  }
  if (share !== undefined && share.prepare.attempt >= attempt) {
    share.askedMs = state.nowMs
    if (share.prepare.attempt === attempt) askAgain(share, asker, prepare)
    return
  }
  admit(turn, asker, prepare)
}

/** Whoever asks last is told; and what is in line goes with the map that its coordinator has now. */
function askAgain(share: ShareState, asker: VoteAsker, { epoch }: PrepareShare): void {
  share.asker = asker
  if (share.phase === 'waiting') share.prepare = { ...share.prepare, epoch }
}

function admit(turn: Turn, asker: VoteAsker, prepare: PrepareShare): void {
  const { state, seat } = turn
  const assignment = assignmentOf(seat.store)
  if (assignment?.epoch !== prepare.epoch || !ownsAll(assignment, seat.group, prepare.operations)) {
    vote(turn, asker, prepare, { vote: 'retry', why: 'wrongEpoch' })
    return
  }
  // A transaction that this group coordinates is no share here: a map of another time.
  if (state.running.has(prepare.tx) || state.queue.waiters.size >= limits.waiting) {
    vote(turn, asker, prepare, { vote: 'retry', why: 'overloaded' })
    return
  }
  const { nowMs } = state
  const share: ShareState = {
    prepare,
    asker,
    phase: 'waiting',
    askedMs: nowMs,
    inquireMs: 0,
    inquired: false,
  }
  const older = table.prepared(seat.store).get(prepare.tx)
  if (older !== undefined) abortOlder(turn, older)
  const freed = leave(turn, prepare.tx)
  state.shares.set(prepare.tx, share)
  if (enter(turn, shareEntrant(share))) goShare(turn, share)
  serveLine(turn, freed)
}

/** The locks are held in memory; the log makes them last. */
export function goShare(turn: Turn, share: ShareState): void {
  share.phase = 'proposed'
  const { tx, attempt, age, coordinator, participants, operations } = share.prepare
  const epoch = share.prepare.epoch ?? 0
  turn.out.propose({ type: 'prepare', tx, attempt, age, epoch, coordinator, participants, operations })
}

/** A prepare was applied: ours, or one that a deposed leader had proposed. */
export function onPrepared(turn: Turn, command: PrepareShare, result: PrepareResult): void {
  const { state } = turn
  if (result.vote === 'yes') {
    stay(turn, command, result)
    return
  }
  const share = state.shares.get(command.tx)
  // [TX24] What became of somebody else's prepare says nothing of this one.
  if (share?.phase !== 'proposed' || !isSame(share, command)) return
  if (result.vote === 'locked') {
    share.phase = 'waiting'
    const freed = leave(turn, command.tx)
    waitAgain(turn, shareEntrant(share))
    serveLine(turn, freed)
    return
  }
  vote(turn, share.asker, command, result)
  dropShare(turn, command.tx)
}

/** The command threw, on every member: it would again. */
export function onPrepareFailed(turn: Turn, command: PrepareShare, failed: string): void {
  const operation = command.operations[0]?.index ?? 0
  onPrepared(turn, command, { vote: 'no', reason: 'invalid', operation, detail: `it failed: ${failed}` })
}

function stay(turn: Turn, command: PrepareShare, result: Extract<PrepareResult, { vote: 'yes' }>): void {
  const { state } = turn
  const { tx, attempt, operations } = command
  const { vote: yes, prepared, results } = result
  const before = state.shares.get(tx)
  const ours = isSame(before, command) && before?.phase === 'proposed' && state.table.held.has(tx)
  const freed = ours ? [] : takeIn(turn, command)
  const share = state.shares.get(tx)
  if (share === undefined || share.prepare.attempt !== attempt) {
    abortOlder(turn, command)
    return
  }
  share.phase = 'prepared'
  share.inquireMs = state.nowMs + tuning.inDoubtMs * (1 + turn.out.random() / 4)
  armTick(turn)
  vote(turn, share.asker, { tx, attempt }, { vote: yes, prepared, results })
  // What lost its place in memory for it is told by the log, and tries again.
  if (!ours) hold(turn, tx, operations)
  serveLine(turn, freed)
}

/**
 * [TX13] A later attempt is here, so this one is closed: what it holds, which this leader's memory does not show,
 * goes.
 */
function abortOlder(
  { out }: Turn,
  { tx, attempt, coordinator }: Pick<PrepareShare, 'tx' | 'attempt' | 'coordinator'>,
) {
  out.propose({ type: 'finish', coordinator, commit: [], abort: [{ tx, attempt }] })
}

/** [TX2, TX23] Attempts of two coordinators, and two plans under one attempt, have nothing to do with each other. */
function isSame(share: ShareState | undefined, { attempt, coordinator, operations }: PreparedShare): boolean {
  if (share?.prepare.attempt !== attempt || share.prepare.coordinator !== coordinator) return false
  return sameOperations(share.prepare.operations, operations)
}

/** Prepared without this leader's doing. Returns what the share had waited for or held here until then. */
function takeIn(turn: Turn, command: PrepareShare): readonly LockRequest[] {
  const before = turn.state.shares.get(command.tx)
  const isLater = before !== undefined && before.prepare.attempt > command.attempt
  if (isLater && before.prepare.coordinator === command.coordinator) return []
  const asker = isSame(before, command) ? before?.asker : undefined
  const freed = leave(turn, command.tx)
  const askedMs = turn.state.nowMs
  turn.state.shares.set(command.tx, {
    prepare: command,
    asker,
    phase: 'prepared',
    askedMs,
    inquireMs: 0,
    inquired: false,
  })
  return freed
}

/** A new leader takes over what is prepared, and asks for the decisions at once. */
export function adopt(turn: Turn, prepare: PreparedShare): void {
  hold(turn, prepare.tx, prepare.operations)
  const inquireMs = turn.out.random() * tuning.resendMs
  const share: ShareState = {
    prepare,
    asker: undefined,
    phase: 'prepared',
    askedMs: 0,
    inquireMs,
    inquired: false,
  }
  turn.state.shares.set(prepare.tx, share)
}

export function dropShare(turn: Turn, tx: TxKey): void {
  turn.state.shares.delete(tx)
  const freed = leave(turn, tx)
  readersMayGo(turn, tx)
  serveLine(turn, freed)
}

/** Decisions: into the log, then `finished`. */
export function onFinish(turn: Turn, from: Address, { coordinator, commit, abort }: Finish): void {
  heardFrom(turn, from, coordinator)
  turn.state.finishers.set(coordinator, from)
  turn.out.propose({ type: 'finish', coordinator, commit, abort })
}

export function onFinishApplied(turn: Turn, { coordinator, commit, abort }: FinishShares): void {
  const { state, seat } = turn
  for (const { tx, attempt } of [...commit, ...abort]) {
    const share = state.shares.get(tx)
    if (share?.prepare.coordinator !== coordinator) continue
    const prepared = table.prepared(seat.store).get(tx)
    if (prepared === undefined) readersMayGo(turn, tx)
    // Waiting or proposed attempts that are closed now get no vote: the log would refuse them.
    const over = share.phase === 'prepared' ? prepared === undefined : share.prepare.attempt <= attempt
    if (over) dropShare(turn, tx)
  }
  const attempts = [...commit, ...abort].map(({ tx, attempt }) => ({ tx, attempt }))
  const message = { type: 'finished', group: seat.group, attempts }
  const to = state.finishers.get(coordinator)
  if (to === undefined) toLeader(turn, coordinator, message)
  else turn.out.send(to, message)
}
