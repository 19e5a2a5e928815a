/** A summary of a shard's store, from which the running cluster is verified. Counts everything: O(values). */
import type { Json } from '@synod/runtime/protocol'
import type { ReadonlyStore } from '../replicated/state-machine.ts'
import type { Measures } from './changes.ts'
import { type PreparedRow, row, rowKey, rowsOf, type Stored, type TallyRow } from './rows.ts'

type Totals = Record<string, Record<string, number>>
export interface Audit {
  readonly epoch: number
  /** Values per keyspace. */
  readonly values: Readonly<Record<string, number>>
  /** Keyspace → measure → sum over its values. */
  readonly held: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Keyspace → measure → what came from and went to the outside world. */
  readonly tallies: Readonly<
    Record<string, Readonly<Record<string, { readonly in: number; readonly out: number }>>>
  >
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
    epoch: row.assignment(store)?.epoch ?? 0,
    values,
    held,
    tallies: talliesOf(store),
    ...preparedOf(store),
    locks: count(store, 'l/') + ((store.get(rowKey.ranges) as number | undefined) ?? 0),
    escrow: escrowOf(store),
    records: count(store, 'r/'),
    unfinished: count(store, 'u/'),
    tombstones: count(store, 't/'),
    sessions: count(store, 's/'),
  }
  return audit as unknown as Json
}

function countValues(store: ReadonlyStore, measures: Measures) {
  const values: Record<string, number> = {}
  const held: Totals = {}
  for (const [item, { value }] of rowsOf<Stored>(store, 'v/')) {
    const slash = item.indexOf('/')
    const keyspace = item.slice(0, slash)
    values[keyspace] = (values[keyspace] ?? 0) + 1
    const measured = measures[keyspace]?.(item.slice(slash + 1), value) ?? {}
    for (const [name, amount] of Object.entries(measured)) {
      const totals = held[keyspace] ?? {}
      held[keyspace] = totals
      totals[name] = (totals[name] ?? 0) + amount
    }
  }
  return { values, held }
}

function talliesOf(store: ReadonlyStore): Record<string, Record<string, TallyRow>> {
  const tallies: Record<string, Record<string, TallyRow>> = {}
  for (const [name, tally] of rowsOf<TallyRow>(store, 'tally/')) {
    const slash = name.indexOf('/')
    const keyspace = name.slice(0, slash)
    const of = tallies[keyspace] ?? {}
    tallies[keyspace] = of
    of[name.slice(slash + 1)] = tally
  }
  return tallies
}

function preparedOf(store: ReadonlyStore): Pick<Audit, 'prepared' | 'oldestPreparedMs'> {
  let prepared = 0
  let oldest: number | null = null
  for (const [, { timeMs }] of rowsOf<PreparedRow>(store, 'p/')) {
    prepared += 1
    oldest = oldest === null ? timeMs : Math.min(oldest, timeMs)
  }
  return { prepared, oldestPreparedMs: oldest }
}

function escrowOf(store: ReadonlyStore): Audit['escrow'] {
  let keys = 0
  let pending = 0
  for (const [, one] of rowsOf<{ readonly count: number }>(store, 'e/')) {
    keys += 1
    pending += one.count
  }
  return { keys, pending }
}

function count(store: ReadonlyStore, kind: string): number {
  let rows = 0
  for (const _ of rowsOf(store, kind)) rows += 1
  return rows
}
