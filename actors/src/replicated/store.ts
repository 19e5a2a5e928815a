/**
 * The applied state of a state machine (store-data.ts) as `apply`, a leader side and an audit see it, and the undo
 * journal of the command under way, so that a command that throws changes nothing.
 */
import { assert } from '@synod/runtime/protocol'
import { keysBetween } from './sorted-keys.ts'
import type { ReadonlyStore, ReadonlyTable, Store, Table } from './state-machine.ts'
import {
  type Entry,
  entryOf,
  liveEntryOf,
  nameIn,
  type StoreData,
  setValue,
  sortWaiting,
  type TableData,
  tableOf,
  tidy,
  valueNamed,
} from './store-data.ts'

/** A view: it follows the data. */
export class StoreReader implements ReadonlyStore {
  protected readonly data: StoreData
  constructor(data: StoreData) {
    this.data = data
  }
  get size(): number {
    return this.data.size
  }
  table(kind: string): ReadonlyTable {
    return new TableView(this.data, named(this.data, kind), undefined)
  }
  get(key: string): unknown {
    const table = tableOf(this.data, key)
    return valueNamed(table, nameIn(table, key))
  }
  has(key: string): boolean {
    return this.get(key) !== undefined
  }
  /** Keys of a table lie together: it stands as a whole where its prefix stands among the rows of no table. */
  *scan(from = '', to?: string): Iterable<readonly [key: string, value: unknown]> {
    let at = from
    for (const table of this.data.tables.values()) {
      const { prefix } = table
      if (to !== undefined && to <= prefix) break
      yield* scanTable(this.data, this.data.rest, at, prefix)
      if (at > prefix && !at.startsWith(prefix)) continue
      for (const [name, value] of scanTable(this.data, table, at > prefix ? at.slice(prefix.length) : '')) {
        const key = prefix + name
        if (to !== undefined && key >= to) return
        yield [key, value]
      }
      if (at < prefix) at = prefix
    }
    yield* scanTable(this.data, this.data.rest, at, to)
  }
}

/** What `apply` writes through. `commit` after each command, or `undo`. */
export class StoreWriter extends StoreReader implements Store {
  readonly #journal = new Journal()

  override table(kind: string): Table {
    return new TableView(this.data, named(this.data, kind), this.#journal)
  }
  put(key: string, value: unknown): void {
    const table = tableOf(this.data, key)
    this.#journal.change(this.data, entryOf(table, nameIn(table, key)), value)
  }
  delete(key: string): void {
    const table = tableOf(this.data, key)
    deleteFrom(this.data, table, nameIn(table, key), this.#journal)
  }
  commit(): void {
    this.#journal.commit()
    tidy(this.data)
  }
  /** Back to the last commit. Rows stay changed: writing an unchanged row again is harmless. */
  undo(): void {
    this.#journal.undo(this.data)
  }
}

/** Made anew for each use, so it is one class without a base: those are made in no time. Readers have no journal. */
class TableView implements Table {
  private readonly data: StoreData
  private readonly rows: TableData
  private readonly journal: Journal | undefined
  constructor(data: StoreData, rows: TableData, journal: Journal | undefined) {
    this.data = data
    this.rows = rows
    this.journal = journal
  }
  get size(): number {
    return this.rows.size
  }
  /** Locks, reservations and tombstones are few or none: an empty table is not searched. */
  get(name: string): unknown {
    return this.rows.size === 0 ? undefined : valueNamed(this.rows, name)
  }
  has(name: string): boolean {
    return this.get(name) !== undefined
  }
  scan(from?: string, to?: string): Iterable<readonly [name: string, value: unknown]> {
    return scanTable(this.data, this.rows, from, to)
  }
  put(name: string, value: unknown): void {
    assert(this.journal !== undefined, 'only `apply` writes')
    this.journal.change(this.data, entryOf(this.rows, name), value)
  }
  delete(name: string): void {
    assert(this.journal !== undefined, 'only `apply` writes')
    deleteFrom(this.data, this.rows, name, this.journal)
  }
}

/** What the command under way changed, and the values from before: arrays that every command fills anew. */
class Journal {
  readonly #entries: Entry[] = []
  readonly #before: unknown[] = []
  #changes = 0

  change(data: StoreData, entry: Entry, value: unknown): void {
    this.#entries[this.#changes] = entry
    this.#before[this.#changes++] = entry.value
    setValue(data, entry, value)
  }
  commit(): void {
    this.#changes = 0
  }
  undo(data: StoreData): void {
    while (this.#changes > 0) {
      const entry = this.#entries[--this.#changes]
      if (entry !== undefined) setValue(data, entry, this.#before[this.#changes])
    }
  }
}

function named({ tables }: StoreData, kind: string): TableData {
  const table = tables.get(kind)
  assert(table !== undefined, 'a machine names the tables that it uses')
  return table
}

function deleteFrom(data: StoreData, table: TableData, name: string, journal: Journal): void {
  const entry = table.size === 0 ? undefined : liveEntryOf(table, name)
  if (entry !== undefined) journal.change(data, entry, undefined)
}

function* scanTable(
  data: StoreData,
  table: TableData,
  from = '',
  to?: string,
): Iterable<readonly [name: string, value: unknown]> {
  sortWaiting(data)
  for (const name of keysBetween(table.names, from, to)) {
    const value = valueNamed(table, name)
    if (value !== undefined) yield [name, value]
    if (data.waiting.length > 0) sortWaiting(data)
  }
}
