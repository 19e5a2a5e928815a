/**
 * The applied state of a state machine as plain data: rows by key, the keys in order for scans, what changed since the
 * last flush. It survives `structuredClone`.
 *
 * A row's key is `<kind>/<name>` where the machine has a table for the kind, and is put together only when the row is
 * written: finding a row takes the name, which a command has at hand. Most time of `apply` goes into finding rows.
 */
import { insertKey, keysBetween, removeKey, type SortedKeys, sortedKeys } from './sorted-keys.ts'

/** What is kept of a row that is not settled: changed since the rows were last written, or not in order yet. */
export interface Entry {
  readonly table: TableData
  readonly name: string
  /** Undefined: deleted. */
  value: unknown
  /** Whether the rows on disk have it. */
  hasRow: boolean
  /** In `changed`. */
  isChanged: boolean
  /** Most records and locks come and go before anybody scans: names are put in order late, those that are still there. */
  order: 'none' | 'waiting' | 'sorted'
}

export interface TableData {
  /** What the keys of its rows begin with: `<kind>/`, or nothing. */
  readonly prefix: string
  /**
   * By name. Most rows of a large state are settled: nothing but the value is kept of them. A deleted row stays, undefined,
   * until the changes are next looked through: a `Map` of V8 leaves a dead entry in the key's hash chain at every delete
   * until it is rebuilt, so a key of a large map that comes and goes (a lock, say) would get ever slower: 100 µs after
   * some thousand times.
   */
  readonly values: Map<string, unknown>
  unsettled: Map<string, Entry>
  /** Rows that have a value. */
  size: number
  /** The names of all rows but those whose entry is not `sorted`, also when their value is gone. */
  readonly names: SortedKeys
}

export interface StoreData {
  /** By kind, in the order of their keys. */
  readonly tables: Map<string, TableData>
  /** The rows of no table. */
  readonly rest: TableData
  /** Rows that have a value. */
  size: number
  waiting: Entry[]
  /** Put or deleted since the rows were last written. */
  changed: Entry[]
  /** How many of them a flush must write: not those that came and went in between. */
  dirty: number
  /** How many of these it erases. */
  erased: number
}

/** `rows` are what is on disk; `kinds` are those that have a table. */
export function storeData(
  rows: Iterable<readonly [key: string, value: unknown]> = [],
  kinds: readonly string[] = [],
): StoreData {
  const data = emptyStore(kinds)
  for (const [key, value] of rows) loadRow(data, key, value)
  settleLoaded(data)
  return data
}

/** To be filled by `loadRow`, then `settleLoaded`. */
export function emptyStore(kinds: readonly string[] = []): StoreData {
  const tables = new Map(inOrder(kinds).map(kind => [kind, emptyTable(`${kind}/`)]))
  return { tables, rest: emptyTable(''), size: 0, waiting: [], changed: [], dirty: 0, erased: 0 }
}

/** The table with this prefix; undefined: the machine has none, not any more or not yet then, so that its rows lie elsewhere. */
export function tableWith(data: StoreData, prefix: string): TableData | undefined {
  return prefix === '' ? undefined : data.tables.get(prefix.slice(0, -1))
}

/** A row as it is on disk, where the name tells its table; undefined: not there any more. */
export function loadRow(data: StoreData, key: string, value: unknown): void {
  const table = tableOf(data, key)
  loadInto(table, nameIn(table, key), value)
}

export function loadInto({ values }: TableData, name: string, value: unknown): void {
  if (value === undefined) values.delete(name)
  else values.set(name, value)
}

/** Of data that was only loaded. */
export function settleLoaded(data: StoreData): void {
  for (const table of tablesOf(data)) {
    table.names.blocks.push(...sortedKeys(table.values.keys()).blocks)
    table.size = table.values.size
    data.size += table.size
  }
}

function emptyTable(prefix: string): TableData {
  return { prefix, values: new Map(), unsettled: new Map(), size: 0, names: sortedKeys() }
}

/** Where `a/` and `a.b/` meet the kinds alone are in another order than their keys. */
function inOrder(kinds: readonly string[]): string[] {
  return [...kinds].sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1))
}

/** Where a row with this key belongs. */
export function tableOf({ tables, rest }: StoreData, key: string): TableData {
  if (tables.size === 0) return rest
  const slash = key.indexOf('/')
  return slash < 0 ? rest : (tables.get(key.slice(0, slash)) ?? rest)
}

export function nameIn({ prefix }: TableData, key: string): string {
  return prefix === '' ? key : key.slice(prefix.length)
}

export function* tablesOf({ tables, rest }: StoreData): Iterable<TableData> {
  yield* tables.values()
  yield rest
}

/** `prefix` is that of the row's table. */
export type WriteRow = (prefix: string, name: string, value: unknown) => void

/** How many may wait to be put in order, and how many changes without effect may be kept. */
const unsettled = 4_096

export function* liveEntries(data: StoreData): Iterable<readonly [key: string, value: unknown]> {
  for (const { prefix, values } of tablesOf(data)) {
    for (const [name, value] of values) if (value !== undefined) yield [prefix + name, value]
  }
}

/** The row's entry, made when there is none. */
export function entryOf(table: TableData, name: string): Entry {
  const before = table.unsettled.get(name)
  if (before !== undefined) return before
  const value = table.values.get(name)
  const hasRow = value !== undefined
  const order = hasRow ? 'sorted' : 'none'
  const entry: Entry = { table, name, value, hasRow, isChanged: false, order }
  table.unsettled.set(name, entry)
  return entry
}

export function setValue(data: StoreData, entry: Entry, value: unknown): void {
  const was = entry.value !== undefined
  const is = value !== undefined
  entry.value = value
  entry.table.values.set(entry.name, value)
  if (was !== is) {
    data.size += is ? 1 : -1
    entry.table.size += is ? 1 : -1
    if (entry.hasRow) data.erased += is ? -1 : 1
  }
  if (is && entry.order === 'none') {
    entry.order = 'waiting'
    data.waiting.push(entry)
  }
  if (!entry.isChanged) {
    entry.isChanged = true
    data.changed.push(entry)
    data.dirty++
  } else if (was !== is && !entry.hasRow) data.dirty += is ? 1 : -1
}

export function sortWaiting(data: StoreData): void {
  for (const entry of data.waiting) {
    entry.order = entry.value === undefined ? 'none' : 'sorted'
    if (entry.value === undefined) continue
    insertKey(entry.table.names, entry.name)
    if (!entry.isChanged) entry.table.unsettled.delete(entry.name)
  }
  data.waiting = []
}

function drop({ table, name, order }: Entry): void {
  table.values.delete(name)
  table.unsettled.delete(name)
  if (order === 'sorted') removeKey(table.names, name)
}

/** Takes each row that is not what the entry says; an undefined value has none any more. The rows then hold it all. */
export function writeChanges(data: StoreData, write: WriteRow): void {
  for (const entry of data.changed) {
    const { table, name, value, hasRow } = entry
    entry.isChanged = false
    entry.hasRow = value !== undefined
    if (value !== undefined || hasRow) write(table.prefix, name, value)
    if (value === undefined) drop(entry)
  }
  data.changed = []
  data.dirty = 0
  data.erased = 0
  settle(data)
}

/** Every change is written: all but what is not in order yet is settled. */
function settle(data: StoreData): void {
  for (const table of tablesOf(data)) if (table.unsettled.size > 0) table.unsettled = new Map()
  data.waiting = data.waiting.filter(entry => entry.value !== undefined)
  for (const entry of data.waiting) entry.table.unsettled.set(entry.name, entry)
}

/** Between commands, as what is undone must still be there: puts names in order and lets go of what came and went. */
export function tidy(data: StoreData): void {
  if (data.waiting.length > unsettled) sortWaiting(data)
  if (data.changed.length > 2 * data.dirty + unsettled) dropGone(data)
}

function dropGone(data: StoreData): void {
  const kept: Entry[] = []
  for (const entry of data.changed) {
    if (entry.value !== undefined || entry.hasRow) kept.push(entry)
    else {
      entry.isChanged = false
      drop(entry)
    }
  }
  data.changed = kept
}

/** A row, by its table's place and its name. */
export interface Cursor {
  readonly table: number
  readonly name: string
}

/** Gives up to `most` rows after `cursor`, and where it came to; undefined: these were the last. Between flushes a key may be met or missed. */
export function rowsAfter(
  data: StoreData,
  cursor: Cursor | undefined,
  most: number,
  give: WriteRow,
): Cursor | undefined {
  sortWaiting(data)
  let left = most
  const tables = [...tablesOf(data)]
  for (let at = cursor?.table ?? 0; at < tables.length; at++) {
    const { prefix, names, values } = tables[at] as TableData
    const from = at === cursor?.table ? `${cursor.name}\0` : ''
    for (const name of keysBetween(names, from)) {
      const value = values.get(name)
      if (value !== undefined) give(prefix, name, value)
      if (--left === 0) return { table: at, name }
    }
  }
  return undefined
}
