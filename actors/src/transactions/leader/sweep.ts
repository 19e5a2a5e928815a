/**
 * Looks through records, tombstones and sessions, some at a time, for what the log may forget. The leader only names
 * candidates; the group's clock decides when the command is applied.
 */
import type { ReadonlyTable } from '../../replicated/state-machine.ts'
import { tombstoneMs } from '../apply-forget.ts'
import { defaultRetentionMs, sessionsKept } from '../exactly-once.ts'
import { table } from '../rows.ts'
import { type Turn, tuning } from './state.ts'

export function onSweep(turn: Turn): void {
  const { state, out } = turn
  const { store } = turn.seat
  const { wallMs } = state
  const records = due(turn, 'records', table.records(store), record => {
    return (record.retainUntilMs ?? record.timeMs + defaultRetentionMs) <= wallMs
  })
  const tombstones = due(turn, 'tombstones', table.tombstones(store), ({ timeMs }) => {
    return timeMs + tombstoneMs <= wallMs
  })
  const sessions =
    table.sessions(store).size > sessionsKept
      ? due(turn, 'sessions', table.sessions(store), ({ timeMs }) => timeMs + defaultRetentionMs <= wallMs)
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
  { state }: Turn,
  what: 'records' | 'tombstones' | 'sessions',
  rows: ReadonlyTable<Row>,
  isDue: (row: Row) => boolean,
): string[] {
  const found: string[] = []
  let seen = 0
  let last = ''
  for (const [name, row] of rows.scan(state.sweep[what])) {
    seen += 1
    last = name
    if (isDue(row)) found.push(name)
    if (seen >= tuning.sweepRows) break
  }
  state.sweep[what] = seen >= tuning.sweepRows ? `${last}\u0000` : ''
  return found
}
