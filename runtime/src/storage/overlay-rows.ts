/** An actor's rows as the table has them, seen through what only the journal has. */
import type { KeyRange, Rows } from '../actor.ts'
import type { ActorId } from '../address.ts'
import type { Journal } from './journal.ts'

export function throughJournal(actor: ActorId, table: Rows, journal: Journal): Rows {
  const pending = journal.pendingOf(actor)
  if (pending === undefined) return table
  const { latest, ranges } = pending
  const isErased = (key: string) => ranges.some(({ from, to }) => key >= from && key < to)
  const get = (key: string): unknown => {
    const turn = latest.get(key)
    if (turn !== undefined) return journal.values(actor, [[key, turn]]).get(key)?.value
    return isErased(key) ? undefined : table.get(key)
  }
  function* entries(range?: KeyRange): Generator<readonly [string, unknown]> {
    const keys = [...latest].filter(([key]) => range === undefined || (key >= range.from && key < range.to))
    const values = journal.values(actor, keys)
    const own = [...values.values()].filter(({ put }) => put).sort((a, b) => (a.key < b.key ? -1 : 1))
    let next = 0
    for (const row of table.entries(range)) {
      if (values.has(row[0]) || isErased(row[0])) continue
      for (let key = own[next]?.key; key !== undefined && key < row[0]; key = own[next]?.key) {
        yield [key, own[next++]?.value]
      }
      yield row
    }
    for (const { key, value } of own.slice(next)) yield [key, value]
  }
  return { get, entries }
}
