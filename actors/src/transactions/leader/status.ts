/** What is under way in a group, for operators. */
import type { Age, TxKey } from '../messages.ts'
import type { LeaderState, Turn } from './state.ts'

export interface TransactionsStatus {
  readonly type: 'transactions'
  readonly group: string
  /** Submitted here: what they do, since when (wall time of their first attempt). */
  readonly running: readonly {
    readonly tx: TxKey
    readonly attempt: number
    readonly phase: string
    readonly groups: readonly string[]
    readonly votes: readonly string[]
    readonly sinceMs: number
  }[]
  /** Waiting for locks or amounts here, and who is in the way. */
  readonly waiting: readonly {
    readonly tx: TxKey
    readonly items: readonly string[]
    readonly waitedMs: number
  }[]
  /** Prepared here: their coordinators decide. */
  readonly inDoubt: readonly {
    readonly tx: TxKey
    readonly attempt: number
    readonly coordinator: string
    readonly participants: readonly string[]
    readonly age: Age
  }[]
  /** Decided here, not yet replicated by these groups. */
  readonly unfinished: readonly {
    readonly tx: TxKey
    readonly commit: boolean
    readonly groups: readonly string[]
  }[]
}

/** At most so many of each. */
const shown = 200

export function statusOf({ state, seat }: Turn): TransactionsStatus {
  const running = first(state.running.values()).map(({ tx, attempt, phase, submit, age }) => ({
    tx,
    attempt,
    phase: phase.at,
    groups: submit.shares.map(share => share.group),
    votes: phase.at === 'preparing' ? [...phase.votes.keys()] : [],
    sinceMs: age.timeMs,
  }))
  const waiting = first(state.queue.waiters.values()).map(({ tx, request, sinceMs }) => ({
    tx,
    items: [...request.items.keys(), ...request.prefixes.map(prefix => `${prefix}*`)],
    waitedMs: state.nowMs - sinceMs,
  }))
  const prepared = [...state.shares.values()].filter(share => share.phase === 'prepared')
  const inDoubt = first(prepared).map(({ prepare: { tx, attempt, coordinator, participants, age } }) => {
    return { tx, attempt, coordinator, participants, age }
  })
  const unfinished = first(state.owed.values()).map(({ attempt, commit, groups }) => {
    return { tx: attempt.tx, commit, groups: [...groups.keys()] }
  })
  return { type: 'transactions', group: seat.group, running, waiting, inDoubt, unfinished }
}

function first<T>(items: Iterable<T>): T[] {
  const list: T[] = []
  for (const item of items) if (list.push(item) >= shown) break
  return list
}

export function describe(state: LeaderState) {
  return {
    running: Object.fromEntries(
      [...state.running].map(([tx, { attempt, phase }]) => [tx, `${phase.at} (attempt ${attempt})`]),
    ),
    shares: Object.fromEntries(
      [...state.shares].map(([tx, { prepare, phase }]) => [tx, `${phase} for ${prepare.coordinator}`]),
    ),
    waiting: [...state.queue.waiters.keys()],
    owed: Object.fromEntries([...state.owed].map(([key, { groups }]) => [key, [...groups.keys()]])),
    reads: state.reads.size,
  }
}
