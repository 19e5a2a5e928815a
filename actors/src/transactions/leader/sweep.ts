/**
 * Looks through records, tombstones and sessions, some at a time, for what the log may forget. The leader only names
 * candidates; the group's clock decides when the command is applied.
 */

import { tombstoneMs } from '../apply-forget.ts'
import { defaultRetentionMs, sessionsKept } from '../exactly-once.ts'
import { afterPrefix, type RecordRow, type SessionRow, type TombstoneRow } from '../rows.ts'
import { type Turn, tuning } from './state.ts'

export function onSweep(turn: Turn): void {
  const { state, out } = turn
  const { wallMs } = state
  const records = due<RecordRow>(turn, 'records', 'r/', record => {
    return (record.retainUntilMs ?? record.timeMs + defaultRetentionMs) <= wallMs
  })
  const tombstones = due<TombstoneRow>(
    turn,
    'tombstones',
    't/',
    ({ timeMs }) => timeMs + tombstoneMs <= wallMs,
  )
  const sessions = tooManySessions(turn)
    ? due<SessionRow>(turn, 'sessions', 's/', ({ timeMs }) => timeMs + defaultRetentionMs <= wallMs)
    : []
  if (records.length + tombstones.length + sessions.length > 0) {
    out.propose({ type: 'forget', finished: [], records, tombstones, sessions })
    if (records.length + sessions.length > 0) {
      out.note('expired', { group: turn.seat.group, records: records.length, sessions: sessions.length })
    }
  }
  armSweep(turn)
}

export function armSweep({ out }: Turn): void {
  out.setTimer('sweep', tuning.sweepEveryMs * (0.75 + out.random() / 2))
}

/** The next rows of a kind, from where the last sweep ended; round and round. */
function due<Row>(
  { state, seat }: Turn,
  what: 'records' | 'tombstones' | 'sessions',
  kind: string,
  isDue: (row: Row) => boolean,
): string[] {
  const found: string[] = []
  let seen = 0
  let last = ''
  for (const [key, value] of seat.store.scan(state.sweep[what] || kind, afterPrefix(kind))) {
    seen += 1
    last = key
    if (isDue(value as Row)) found.push(key.slice(kind.length))
    if (seen >= tuning.sweepRows) break
  }
  state.sweep[what] = seen >= tuning.sweepRows ? `${last}\u0000` : ''
  return found
}

function tooManySessions({ state, seat }: Turn): boolean {
  // Counting is cheap enough while few; with many, the sweep is on anyway.
  if (state.sweep.sessions !== '') return true
  let sessions = 0
  for (const _ of seat.store.scan('s/', afterPrefix('s/'))) if (++sessions > sessionsKept) return true
  return false
}
