/** What time brings: patience ends, messages are sent again, victims are chosen, doubts are asked. */

import { noteSilence, patienceMs } from '../../answer-times.ts'
import { inquireAll } from './doubt.ts'
import { leave, puzzled } from './entering.ts'
import { flushFinishes, forgetPaid, sendOwedAgain } from './owing.ts'
import { dropOldReads } from './reads.ts'
import { isSilentSince, turnTo } from './routes.ts'
import { close, sendPrepares, tryToGo } from './running.ts'
import { serveLine } from './serving.ts'
import { dropShare } from './shares.ts'
import { armTick, type Running, type Turn, tuning } from './state.ts'
import { woundAll } from './wounds.ts'

export function onFlush(turn: Turn): void {
  turn.state.armed.flush = false
  flushFinishes(turn)
}

export function onTick(turn: Turn): void {
  const { state } = turn
  state.armed.tick = false
  for (const running of [...state.running.values()]) advance(turn, running)
  dropAbandoned(turn)
  serveLine(turn, puzzled(turn))
  woundAll(turn)
  inquireAll(turn)
  sendOwedAgain(turn)
  forgetPaid(turn)
  dropOldReads(turn)
  const busy = state.running.size + state.shares.size + state.owed.size + state.paid.length + state.reads.size
  if (busy > 0) armTick(turn)
}

function advance(turn: Turn, running: Running): void {
  const { nowMs } = turn.state
  const { phase } = running
  if (phase.at === 'proposed' || phase.at === 'closing') return
  if (nowMs >= running.deadlineMs) {
    const freed = leave(turn, running.tx)
    close(turn, running, 'unavailable')
    serveLine(turn, freed)
    return
  }
  if (phase.at === 'backoff' && nowMs >= phase.untilMs) {
    tryToGo(turn, running)
    return
  }
  if (phase.at !== 'preparing') return
  if (nowMs < phase.sentMs + votePatienceMs(turn, running, phase.sends)) return
  for (const group of silent(running)) {
    // A vote can wait for a lock, or come late where many wait: only a leader of whom nobody hears is looked for
    // elsewhere.
    if (!isSilentSince(turn, group, phase.sentMs)) continue
    noteSilence(turn.state.answerTimes, group, nowMs - phase.askedMs)
    if (phase.sends > 1) turnTo(turn, group)
  }
  phase.sentMs = nowMs
  phase.sends += 1
  sendPrepares(turn, running)
}

/** Those that are missing vote together, as far as anybody knows: the slowest of them counts. */
function votePatienceMs({ state }: Turn, running: Running, sends: number): number {
  const patience = { firstMs: tuning.resendMs, mostMs: tuning.resendMaxMs }
  return Math.max(...silent(running).map(group => patienceMs(state.answerTimes, group, sends, patience)))
}

function silent({ submit, phase }: Running): string[] {
  if (phase.at !== 'preparing') return []
  return submit.shares.slice(1).flatMap(({ group }) => (phase.votes.has(group) ? [] : [group]))
}

/** Shares in line whose coordinator does not ask any more: nothing is promised, so nothing is lost. */
function dropAbandoned(turn: Turn): void {
  const { state } = turn
  for (const [tx, share] of state.shares) {
    if (share.phase === 'waiting' && share.askedMs + tuning.abandonedMs <= state.nowMs) dropShare(turn, tx)
  }
}
