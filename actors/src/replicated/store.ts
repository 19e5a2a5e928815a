/**
 * The applied state of a state machine in memory: entries by key, the keys in order for scans, what changed since the
 * last flush, and an undo journal for the command under way, so that a command that throws changes nothing.
 *
 * A command finds each key once and then works on its entry: most time of `apply` went into finding keys.
 */

import { assert } from '@synod/runtime/protocol'
import { insertKey, keysBetween, removeKey, type SortedKeys, sortedKeys } from './sorted-keys.ts'
import type { ReadonlyStore, Store } from './state-machine.ts'

/** What is kept of a key. */
export interface Entry {
  readonly key: string
  /**
   * Undefined: deleted. The entry stays until the changes are next looked through. A `Map` of V8 leaves a dead entry in
   * the key's hash chain at every delete until it is rebuilt, so a key of a large map that comes and goes (a lock, say)
   * would get ever slower: 100 µs after some thousand times.
   */
  value: unknown
  /** Whether the rows hold the key. */
  hasRow: boolean
  /** In `changed`. */
  isChanged: boolean
  /** Most records and locks come and go before anybody scans: keys are put in order late, those that are still there. */
  order: 'none' | 'waiting' | 'sorted'
}

/** Plain data: it survives `structuredClone`. */
export interface StoreData {
  readonly entries: Map<string, Entry>
  /** Entries that have a value. */
  size: number
  /** The keys of all entries that are `sorted`, also when their value is gone. */
  readonly keys: SortedKeys
  waiting: Entry[]
  /** Put or deleted since the rows were last written. */
  changed: Entry[]
  /** How many of them a flush must write: not those that came and went in between. */
  dirty: number
}

/** `entries` are what the rows hold. */
export function storeData(entries: Iterable<readonly [string, unknown]> = []): StoreData {
  const map = new Map<string, Entry>()
  for (const [key, value] of entries) {
    map.set(key, { key, value, hasRow: true, isChanged: false, order: 'sorted' })
  }
  const keys = sortedKeys(map.keys())
  return { entries: map, size: map.size, keys, waiting: [], changed: [], dirty: 0 }
}

/** How many may wait to be put in order, and how many changes without effect may be kept. */
const unsettled = 4_096

export function* liveEntries({ entries }: StoreData): Iterable<readonly [key: string, value: unknown]> {
  for (const { key, value } of entries.values()) if (value !== undefined) yield [key, value]
}

function setValue(data: StoreData, entry: Entry, value: unknown): void {
  const was = entry.value !== undefined
  const is = value !== undefined
  entry.value = value
  if (was !== is) data.size += is ? 1 : -1
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

function sortWaiting(data: StoreData): void {
  for (const entry of data.waiting) {
    entry.order = entry.value === undefined ? 'none' : 'sorted'
    if (entry.value !== undefined) insertKey(data.keys, entry.key)
  }
  data.waiting = []
}

function drop({ entries, keys }: StoreData, entry: Entry): void {
  entries.delete(entry.key)
  if (entry.order === 'sorted') removeKey(keys, entry.key)
}

/** Gives each key whose row is not what the entry says; an undefined value has none any more. The rows then hold it all. */
export function writeChanges(data: StoreData, write: (key: string, value: unknown) => void): void {
  for (const entry of data.changed) {
    const { key, value, hasRow } = entry
    entry.isChanged = false
    entry.hasRow = value !== undefined
    if (value !== undefined || hasRow) write(key, value)
    if (value === undefined) drop(data, entry)
  }
  data.changed = []
  data.dirty = 0
}

/** Lets go of what came and went. */
function dropGone(data: StoreData): void {
  const kept: Entry[] = []
  for (const entry of data.changed) {
    if (entry.value !== undefined || entry.hasRow) kept.push(entry)
    else {
      entry.isChanged = false
      drop(data, entry)
    }
  }
  data.changed = kept
}

export function checkStore({ entries, size, keys, waiting, changed, dirty }: StoreData): void {
  const sorted = keys.blocks.reduce((sum, block) => sum + block.length, 0)
  assert(size <= sorted + waiting.length && sorted <= entries.size, 'every key is in order once')
  assert(entries.size - size <= changed.length, 'what is gone is known')
  assert(dirty >= 0 && dirty <= changed.length, 'what must be written is known')
}

/** What a command, a leader side or an audit reads. A view: it follows the data. */
export class StoreReader implements ReadonlyStore {
  protected readonly data: StoreData
  constructor(data: StoreData) {
    this.data = data
  }
  get size(): number {
    return this.data.size
  }
  get(key: string): unknown {
    return this.data.entries.get(key)?.value
  }
  has(key: string): boolean {
    return this.get(key) !== undefined
  }
  *scan(from: string, to: string): Iterable<readonly [key: string, value: unknown]> {
    sortWaiting(this.data)
    for (const key of keysBetween(this.data.keys, from, to)) {
      const value = this.get(key)
      if (value !== undefined) yield [key, value]
      if (this.data.waiting.length > 0) sortWaiting(this.data)
    }
  }
}

/** What `apply` writes through. `commit` after each command, or `undo`. */
export class StoreWriter extends StoreReader implements Store {
  /** What the command under way changed, and the values from before: arrays that every command fills anew. */
  readonly #journal: Entry[] = []
  readonly #before: unknown[] = []
  #changes = 0

  put(key: string, value: unknown): void {
    let entry = this.data.entries.get(key)
    if (entry === undefined) {
      entry = { key, value: undefined, hasRow: false, isChanged: false, order: 'none' }
      this.data.entries.set(key, entry)
    }
    this.#change(entry, value)
  }

  delete(key: string): void {
    const entry = this.data.entries.get(key)
    if (entry?.value !== undefined) this.#change(entry, undefined)
  }

  #change(entry: Entry, value: unknown): void {
    this.#journal[this.#changes] = entry
    this.#before[this.#changes++] = entry.value
    setValue(this.data, entry, value)
  }

  commit(): void {
    const { data } = this
    this.#changes = 0
    if (data.waiting.length > unsettled) sortWaiting(data)
    // Not before the command has ended: what it undoes must still be there.
    if (data.changed.length > 2 * data.dirty + unsettled) dropGone(data)
  }

  /** Back to the last commit. Keys stay changed: writing an unchanged row again is harmless. */
  undo(): void {
    while (this.#changes > 0) {
      const entry = this.#journal[--this.#changes]
      if (entry !== undefined) setValue(this.data, entry, this.#before[this.#changes])
    }
  }
}
