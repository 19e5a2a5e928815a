/**
 * Wound-wait, late: only who has waited for a while makes younger holders give way. Most waits end by themselves; a
 * deadlock does not, so it is still there when we look. The wound goes to the victim's coordinator, who decides.
 */
import { conflicting } from '../../concurrency/lock-table.ts'
import { isHeadOfLine, isOlder, type Waiter } from '../../concurrency/waiting.ts'
import type { Age, TxKey } from '../messages.ts'
import { toLeader } from './routes.ts'
import { close } from './running.ts'
import { type Turn, tuning } from './state.ts'

/** [TX12, CC7] */
export function woundAll(turn: Turn): void {
  const { state } = turn
  for (const waiter of state.queue.waiters.values()) {
    if (state.nowMs < waiter.sinceMs + tuning.woundAfterMs) continue
    if (state.nowMs < (state.woundMs.get(waiter.tx) ?? 0) + tuning.woundAgainMs) continue
    // Whoever stands behind others waits for them; the first in line does the wounding.
    if (!isHeadOfLine(state.queue, waiter)) continue
    state.woundMs.set(waiter.tx, state.nowMs)
    for (const victim of victimsOf(turn, waiter)) wound(turn, victim, waiter.tx)
  }
}

function victimsOf(turn: Turn, waiter: Waiter): TxKey[] {
  const { state } = turn
  const younger = (tx: TxKey) => {
    const age = ageOf(turn, tx)
    return age !== undefined && isOlder(waiter.age, age)
  }
  const inTheWay = [...conflicting(state.table, waiter.request, waiter.tx)].filter(younger)
  // Of pending adds any may be the one that frees enough: the youngest first, one at a time.
  const adders = waiter.escrow
    .flatMap(item => [...(state.table.items.get(item)?.holders ?? [])])
    .filter(younger)
  const youngest = adders.reduce<TxKey | undefined>((best, tx) => {
    const [a, b] = [ageOf(turn, tx), best === undefined ? undefined : ageOf(turn, best)]
    return a !== undefined && (b === undefined || isOlder(b, a)) ? tx : best
  }, undefined)
  return youngest === undefined ? inTheWay : [...inTheWay, youngest]
}

function ageOf({ state }: Turn, tx: TxKey): Age | undefined {
  return state.running.get(tx)?.age ?? state.shares.get(tx)?.prepare.age
}

function wound(turn: Turn, tx: TxKey, by: TxKey): void {
  const { state } = turn
  const running = state.running.get(tx)
  if (running !== undefined) {
    if (running.phase.at === 'preparing') close(turn, running, 'retry')
    return
  }
  const prepare = state.shares.get(tx)?.prepare
  if (prepare === undefined) return
  toLeader(turn, prepare.coordinator, { type: 'wound', tx, attempt: prepare.attempt, by })
}
