/**
 * Termination: whoever is in doubt asks the coordinating group; where nothing is decided and nobody coordinates, that
 * group logs an abort first. Everything answered without the log is true for ever, so a deposed leader cannot lie.
 */
import type { Address } from '@synod/runtime/protocol'
import type { Abort, AbortResult } from '../commands.ts'
import { isExpired } from '../exactly-once.ts'
import type { Attempt, Inquire, TxKey, Wound } from '../messages.ts'
import { table, txId } from '../rows.ts'
import { owe, say } from './owing.ts'
import { groupOf, toLeader, turnTo } from './routes.ts'
import { close, onClosed } from './running.ts'
import type { Turn } from './state.ts'
import { tuning } from './state.ts'

/** [TX9] Prepared shares whose decision is overdue: one question per coordinator. */
export function inquireAll(turn: Turn): void {
  const { state, out, seat } = turn
  const doubts = new Map<string, Attempt[]>()
  for (const share of state.shares.values()) {
    if (share.phase !== 'prepared' || share.inquireMs > state.nowMs) continue
    share.inquireMs = state.nowMs + tuning.inDoubtMs * (1 + out.random() / 4)
    share.inquired = true
    const { coordinator, tx, attempt } = share.prepare
    const attempts = doubts.get(coordinator) ?? []
    doubts.set(coordinator, attempts)
    attempts.push({ tx, attempt })
  }
  for (const [coordinator, attempts] of doubts) {
    if (state.silent.has(coordinator)) turnTo(turn, coordinator)
    state.silent.add(coordinator)
    toLeader(turn, coordinator, { type: 'inquire', group: seat.group, attempts })
  }
}

/** The coordinator's leader is known better now: whatever was asked is asked there. */
export function inquireAgain(turn: Turn, coordinator: string): void {
  const { state } = turn
  for (const share of state.shares.values()) {
    if (share.prepare.coordinator === coordinator && share.inquired) share.inquireMs = state.nowMs
  }
  inquireAll(turn)
}

/** Its leader is being elected: what is in doubt is asked as soon as there can be one. */
export function inquireSoon({ state, out }: Turn, coordinator: string): void {
  for (const share of state.shares.values()) {
    if (share.prepare.coordinator !== coordinator || share.phase !== 'prepared') continue
    const soonMs = state.nowMs + tuning.inquireAgainMs * (1 + out.random())
    share.inquireMs = Math.min(share.inquireMs, soonMs)
  }
}

/** [TX9, TX10] */
export function onInquire(turn: Turn, { group, attempts }: Inquire): void {
  const open: Attempt[] = []
  for (const attempt of attempts) if (!answerFromLog(turn, group, attempt)) open.push(attempt)
  abortUnless(turn, group, open)
}

/** What the log says already. True when there is nothing more to do. */
function answerFromLog(turn: Turn, group: string, { tx, attempt }: Attempt): boolean {
  const { state, seat } = turn
  const unfinished = table.unfinished(seat.store).get(tx)
  const prepared = unfinished?.attempt === attempt ? unfinished.owing[group] : undefined
  if (prepared !== undefined) {
    say(turn, group, { tx, attempt }, prepared)
    return true
  }
  const record = table.records(seat.store).get(tx)
  const over = record?.outcome !== undefined || unfinished !== undefined || (record?.closed ?? 0) >= attempt
  // Decided, and this group owes nothing for this attempt: what it holds is a late copy, or a closed attempt.
  if (over || isExpired(seat.store, txId(tx), tx)) {
    say(turn, group, { tx, attempt }, undefined)
    return true
  }
  // Still being worked on: the decision will come. While it only waits here, what is prepared elsewhere is of an
  // older leader, and may be what others wait for: that attempt is over.
  const running = state.running.get(tx)
  return running?.attempt === attempt && running.asked
}

function abortUnless({ state, out }: Turn, group: string, attempts: readonly Attempt[]): void {
  if (attempts.length === 0) return
  for (const { tx } of attempts) {
    const inquirers = state.inquirers.get(tx)
    if (inquirers === undefined) state.inquirers.set(tx, new Set([group]))
    else inquirers.add(group)
  }
  out.propose({ type: 'abort', attempts })
}

/** [TX12] An older transaction waits for this attempt: closed unless it is decided or about to be. */
export function onWound(turn: Turn, from: Address, { tx, attempt }: Wound): void {
  const group = groupOf(from)
  if (answerFromLog(turn, group, { tx, attempt })) {
    const running = turn.state.running.get(tx)
    if (running?.attempt === attempt && running.phase.at === 'preparing') close(turn, running, 'retry')
    return
  }
  abortUnless(turn, group, [{ tx, attempt }])
}

/** The log has closed attempts. */
export function onAborted(turn: Turn, command: Abort, result: AbortResult): void {
  const { state } = turn
  for (const { tx, attempt } of result.closed) {
    tellInquirers(turn, { tx, attempt })
    onClosed(turn, tx, attempt)
  }
  const asked = new Map(command.attempts.map(({ tx, attempt }) => [tx, attempt]))
  for (const tx of result.decided) {
    const groups = state.inquirers.get(tx) ?? []
    state.inquirers.delete(tx)
    for (const group of groups) answerFromLog(turn, group, { tx, attempt: asked.get(tx) ?? 0 })
  }
}

function tellInquirers(turn: Turn, attempt: Attempt): void {
  const groups: ReadonlySet<TxKey> | undefined = turn.state.inquirers.get(attempt.tx)
  if (groups === undefined) return
  turn.state.inquirers.delete(attempt.tx)
  owe(turn, attempt, [...groups])
}
