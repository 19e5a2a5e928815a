/**
 * Decisions on their way to the participants: one `finish` per group and turn, sent again until it is replicated
 * there. Of aborts that get lost, participants learn by asking.
 */
import type { Address } from '@synod/runtime/protocol'
import { patienceMs } from '../../answer-times.ts'
import type { Attempt, Finished } from '../messages.ts'
import { table } from '../rows.ts'
import { heardFrom, isSilentSince, toLeader, turnTo } from './routes.ts'
import { armFlush, armTick, attemptKey, type Owed, type Turn, tuning } from './state.ts'

const finishPatience = { firstMs: tuning.finishAgainMs, mostMs: 4 * tuning.finishAgainMs }

/** An abort for these groups. */
export function owe(turn: Turn, attempt: Attempt, groups: readonly string[]): void {
  put(
    turn,
    attempt,
    false,
    groups.map(group => [group, 0] as const),
  )
}

/** A commit, as the log has it: for the groups that still owe it. */
export function oweCommit(turn: Turn, tx: string): void {
  const unfinished = table.unfinished(turn.seat.store).get(tx)
  if (unfinished === undefined) return
  put(turn, { tx, attempt: unfinished.attempt }, true, Object.entries(unfinished.owing))
}

function put(
  turn: Turn,
  { tx, attempt }: Attempt,
  commit: boolean,
  groups: readonly (readonly [group: string, prepared: number])[],
): void {
  const entry: Owed = { attempt: { tx, attempt }, commit, groups: new Map() }
  for (const [group, prepared] of groups) entry.groups.set(group, { prepared, saidMs: 0, dueMs: 0, sends: 0 })
  turn.state.owed.set(attemptKey(entry.attempt), entry)
  for (const group of entry.groups.keys()) enlist(turn, entry, group)
}

/** Into the group's next `finish`. */
function enlist(turn: Turn, { attempt, commit, groups }: Owed, group: string): void {
  const debt = groups.get(group)
  if (debt === undefined) return
  const { nowMs, answerTimes } = turn.state
  debt.sends += 1
  debt.saidMs = nowMs
  // Each copy is a command in the participant's log: none sooner than its answers come.
  debt.dueMs = nowMs + patienceMs(answerTimes, group, debt.sends, finishPatience)
  say(turn, group, attempt, commit ? debt.prepared : undefined)
  armTick(turn)
}

/** Tells one group what was decided; `prepared` undefined: abort. */
export function say(turn: Turn, group: string, { tx, attempt }: Attempt, prepared: number | undefined): void {
  const { finishes } = turn.state
  const batch = finishes.get(group) ?? { commit: [], abort: [] }
  finishes.set(group, batch)
  if (prepared === undefined) batch.abort.push({ tx, attempt })
  else batch.commit.push({ tx, attempt, prepared })
  armFlush(turn)
}

export function flushFinishes(turn: Turn): void {
  const { finishes } = turn.state
  const coordinator = turn.seat.group
  for (const [group, { commit, abort }] of finishes) {
    toLeader(turn, group, { type: 'finish', coordinator, commit, abort })
  }
  finishes.clear()
}

export function onFinished(turn: Turn, from: Address, { group, attempts }: Finished): void {
  const { state } = turn
  heardFrom(turn, from, group)
  for (const { tx, attempt } of attempts) {
    const key = attemptKey({ tx, attempt })
    const entry = state.owed.get(key)
    if (entry === undefined || !entry.groups.delete(group)) continue
    if (entry.commit) state.paid.push({ tx, attempt, group })
    if (entry.groups.size === 0) state.owed.delete(key)
  }
  if (state.paid.length > 0) armTick(turn)
}

export function sendOwedAgain(turn: Turn): void {
  const { state } = turn
  const silent = new Set<string>()
  for (const [key, entry] of state.owed) {
    for (const [group, debt] of entry.groups) {
      if (debt.dueMs > state.nowMs) continue
      if (!entry.commit && debt.sends >= tuning.abortSends) entry.groups.delete(group)
      else {
        if (isSilentSince(turn, group, debt.saidMs)) silent.add(group)
        enlist(turn, entry, group)
      }
    }
    if (entry.groups.size === 0) state.owed.delete(key)
  }
  for (const group of silent) turnTo(turn, group)
}

/** The group's leader is known better now. */
export function sendOwedTo(turn: Turn, group: string): void {
  for (const entry of turn.state.owed.values()) if (entry.groups.has(group)) enlist(turn, entry, group)
}

/** [TX8] Lazily, in batches: nobody waits for it. */
export function forgetPaid(turn: Turn): void {
  const { state, out } = turn
  const due = state.nowMs >= state.forgetMs || state.paid.length >= tuning.forgetBatch
  if (state.paid.length === 0 || !due) return
  state.forgetMs = state.nowMs + tuning.forgetEveryMs
  const finished = state.paid.splice(0, state.paid.length)
  out.propose({ type: 'forget', finished, records: [], tombstones: [], sessions: [] })
}
