/** Lets go on whoever waited for what became free: transactions of this leader, and shares of others. */
import type { LockRequest } from '../../concurrency/lock-modes.ts'
import type { Numbered, TxKey } from '../messages.ts'
import { type Entrant, requestOf, serve } from './entering.ts'
import { entrantOf } from './parts.ts'
import { go } from './running.ts'
import { goShare, shareEntrant } from './shares.ts'
import type { Turn } from './state.ts'

export function serveLine(turn: Turn, freed: readonly LockRequest[]): void {
  if (turn.state.queue.waiters.size === 0 || freed.length === 0) return
  const find = (tx: TxKey): Entrant | undefined => {
    const running = turn.state.running.get(tx)
    if (running?.phase.at === 'waiting') return entrantOf(running)
    const share = turn.state.shares.get(tx)
    return share?.phase === 'waiting' ? shareEntrant(share) : undefined
  }
  serve(turn, freed, find, tx => {
    const running = turn.state.running.get(tx)
    const share = turn.state.shares.get(tx)
    if (running?.phase.at === 'waiting') go(turn, running)
    else if (share !== undefined) goShare(turn, share)
  })
}

/** A command changed values here without holding locks in memory: amounts that somebody waits for may be there now. */
export function onRetired(turn: Turn, operations: readonly Numbered[]): void {
  if (turn.state.queue.waiters.size > 0) serveLine(turn, [requestOf(operations)])
}
