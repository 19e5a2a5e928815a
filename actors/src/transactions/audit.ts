/** A summary of a shard's store, from which the running cluster is verified. Counts everything: O(values). */
import type { Json } from '@synod/runtime/protocol'
import { type Exact, plus } from '../exact.ts'
import type { ReadonlyStore } from '../replicated/state-machine.ts'
import type { Measures } from './changes.ts'
import { assignmentOf, rowKey, type TallyRow, table } from './rows.ts'

type Totals = Record<string, Record<string, Exact>>
export interface Audit {
  readonly epoch: number
  /** Values per keyspace. */
  readonly values: Readonly<Record<string, number>>
  /** Keyspace → measure → sum over its values. */
  readonly held: Readonly<Record<string, Readonly<Record<string, Exact>>>>
  /** Keyspace → measure → what came from and went to the outside world. */
  readonly tallies: Readonly<Record<string, Readonly<Record<string, TallyRow>>>>
  readonly prepared: number
  /** Group time of the oldest prepared transaction; null: none. */
  readonly oldestPreparedMs: number | null
  readonly locks: number
  /** Keys with pending adds, and how many adds. */
  readonly escrow: { readonly keys: number; readonly pending: number }
  readonly records: number
  readonly unfinished: number
  readonly tombstones: number
  readonly sessions: number
}

export function auditOf(store: ReadonlyStore, measures: Measures): Json {
  const { values, held } = countValues(store, measures)
  const audit: Audit = {
    epoch: assignmentOf(store)?.epoch ?? 0,
    values,
    held,
    tallies: talliesOf(store),
    ...preparedOf(store),
    locks: table.locks(store).size + ((store.get(rowKey.ranges) as number | undefined) ?? 0),
    escrow: escrowOf(store),
    records: table.records(store).size,
    unfinished: table.unfinished(store).size,
    tombstones: table.tombstones(store).size,
    sessions: table.sessions(store).size,
  }
  return audit as unknown as Json
}

function countValues(store: ReadonlyStore, measures: Measures) {
  const values: Record<string, number> = {}
  const held: Totals = {}
  for (const [item, { value }] of table.values(store).scan()) {
    const slash = item.indexOf('/')
    const keyspace = item.slice(0, slash)
    values[keyspace] = (values[keyspace] ?? 0) + 1
    const measured = measures[keyspace]?.(item.slice(slash + 1), value) ?? {}
    for (const [name, amount] of Object.entries(measured)) {
      const totals = held[keyspace] ?? {}
      held[keyspace] = totals
      totals[name] = plus(totals[name] ?? 0, amount)
    }
  }
  return { values, held }
}

function talliesOf(store: ReadonlyStore): Record<string, Record<string, TallyRow>> {
  const tallies: Record<string, Record<string, TallyRow>> = {}
  for (const [name, tally] of table.tallies(store).scan()) {
    const slash = name.indexOf('/')
    const keyspace = name.slice(0, slash)
    const of = tallies[keyspace] ?? {}
    tallies[keyspace] = of
    of[name.slice(slash + 1)] = tally
  }
  return tallies
}

function preparedOf(store: ReadonlyStore): Pick<Audit, 'prepared' | 'oldestPreparedMs'> {
  const prepared = table.prepared(store)
  let oldest: number | null = null
  for (const [, { timeMs }] of prepared.scan()) oldest = oldest === null ? timeMs : Math.min(oldest, timeMs)
  return { prepared: prepared.size, oldestPreparedMs: oldest }
}

function escrowOf(store: ReadonlyStore): Audit['escrow'] {
  const escrow = table.escrow(store)
  let pending = 0
  for (const [, { count }] of escrow.scan()) pending += count
  return { keys: escrow.size, pending }
}
