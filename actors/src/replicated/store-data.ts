/**
 * The applied state of a state machine: rows by key, the keys in order for scans, what changed since the last flush.
 *
 * A row's key is `<kind>/<name>` where the machine has a table for the kind, and is put together only when the row is
 * written: finding a row takes the name, which a command has at hand. Most time of `apply` goes into finding rows.
 */
import { SlabMap } from '@synod/runtime/protocol'
import { insertKey, keysBetween, removeKey, type SortedKeys, sortedKeys } from './sorted-keys.ts'

/** A row that is not settled: changed lately, or not in order yet. Who changes it again need not find it again. */
export class Entry {
  readonly table: TableData
  readonly name: string
  /** Undefined: deleted. */
  value: unknown
  /** Whether the rows on disk have it. */
  hasRow: boolean
  /** In `changed`. */
  isChanged = false
  /** What its table finds under its name; settled or dropped it is that no longer. */
  isFound = true
  /**
   * Most records and locks come and go before anybody scans: names are put in order late, those that are still there.
   */
  order: 'none' | 'waiting' | 'sorted'

  /** `value` as it is on disk; undefined: not there. */
  constructor(table: TableData, name: string, value: unknown) {
    this.table = table
    this.name = name
    this.value = value
    this.hasRow = value !== undefined
    this.order = this.hasRow ? 'sorted' : 'none'
  }
}

export interface TableData {
  /** What the keys of its rows begin with: `<kind>/`, or nothing. */
  readonly prefix: string
  /**
   * By name: an entry, or of a row that is settled, as most of a large state are, nothing but the value. The entry of
   * a deleted row stays until the changes are next looked through: a `Map` of V8 leaves a dead place in the key's
   * hash chain at every delete until it is rebuilt, so a key of a large map that comes and goes (a lock, say) would
   * get ever slower: 100 µs after some thousand times.
   */
  readonly rows: Map<string, unknown>
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
  /** Put before that, with the last rows that were written: settled with the next, unless they have changed again. */
  written: Entry[]
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
  return { tables, rest: emptyTable(''), size: 0, waiting: [], changed: [], written: [], dirty: 0, erased: 0 }
}

/**
 * The table with this prefix; undefined: the machine has none, not any more or not yet then, so that its rows lie
 * elsewhere.
 */
export function tableWith(data: StoreData, prefix: string): TableData | undefined {
  return prefix === '' ? undefined : data.tables.get(prefix.slice(0, -1))
}

/** A row as it is on disk, where the name tells its table; undefined: not there any more. */
export function loadRow(data: StoreData, key: string, value: unknown): void {
  const table = tableOf(data, key)
  loadInto(table, nameIn(table, key), value)
}

export function loadInto({ rows }: TableData, name: string, value: unknown): void {
  if (value === undefined) rows.delete(name)
  else rows.set(name, value)
}

/** Of data that was only loaded. */
export function settleLoaded(data: StoreData): void {
  for (const table of tablesOf(data)) {
    table.names.blocks.push(...sortedKeys(table.rows.keys()).blocks)
    table.size = table.rows.size
    data.size += table.size
  }
}

function emptyTable(prefix: string): TableData {
  return { prefix, rows: new SlabMap(), size: 0, names: sortedKeys() }
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
  for (const { prefix, rows } of tablesOf(data)) {
    for (const [name, row] of rows) {
      const value = valueIn(row)
      if (value !== undefined) yield [prefix + name, value]
    }
  }
}

export function valueNamed({ rows }: TableData, name: string): unknown {
  return valueIn(rows.get(name))
}

function valueIn(row: unknown): unknown {
  return row instanceof Entry ? row.value : row
}

/** The row's entry, made when there is none. */
export function entryOf(table: TableData, name: string): Entry {
  const row = table.rows.get(name)
  return row instanceof Entry ? row : newEntry(table, name, row)
}

/** Undefined: the row has no value. */
export function liveEntryOf(table: TableData, name: string): Entry | undefined {
  const row = table.rows.get(name)
  if (row instanceof Entry) return row.value === undefined ? undefined : row
  return row === undefined ? undefined : newEntry(table, name, row)
}

function newEntry(table: TableData, name: string, value: unknown): Entry {
  const entry = new Entry(table, name, value)
  table.rows.set(name, entry)
  return entry
}

export function setValue(data: StoreData, entry: Entry, value: unknown): void {
  const was = entry.value !== undefined
  const is = value !== undefined
  entry.value = value
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
    if (!entry.isChanged) settle(entry)
  }
  data.waiting = []
}

/** Nothing but its value is kept; it is in order. */
function settle(entry: Entry): void {
  entry.isFound = false
  entry.table.rows.set(entry.name, entry.value)
}

function drop(entry: Entry): void {
  const { table, name, order } = entry
  entry.isFound = false
  table.rows.delete(name)
  if (order === 'sorted') removeKey(table.names, name)
}

/** Takes each row that is not what the entry says; an undefined value has none any more. The rows then hold it all. */
export function writeChanges(data: StoreData, write: WriteRow): void {
  for (const entry of data.written) {
    if (entry.isFound && !entry.isChanged && entry.order === 'sorted') settle(entry)
  }
  data.written = []
  for (const entry of data.changed) {
    const { table, name, value, hasRow } = entry
    entry.isChanged = false
    entry.hasRow = value !== undefined
    if (value !== undefined || hasRow) write(table.prefix, name, value)
    if (value === undefined) drop(entry)
    else data.written.push(entry)
  }
  data.changed = []
  data.dirty = 0
  data.erased = 0
  data.waiting = data.waiting.filter(entry => entry.value !== undefined)
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

/**
 * Gives up to `most` rows after `cursor`, and where it came to; undefined: these were the last. Between flushes a key
 * may be met or missed.
 */
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
    const table = tables[at] as TableData
    const { prefix, names } = table
    const from = at === cursor?.table ? `${cursor.name}\0` : ''
    for (const name of keysBetween(names, from)) {
      const value = valueNamed(table, name)
      if (value !== undefined) give(prefix, name, value)
      if (--left === 0) return { table: at, name }
    }
  }
  return undefined
}
