/**
 * The applied state of a state machine in memory: a map with ordered keys, the keys changed since the last flush, and
 * an undo journal for the command under way, so that a command that throws changes nothing.
 */

import { insertKey, keysBetween, removeKey, type SortedKeys, sortedKeys } from './sorted-keys.ts'
import type { ReadonlyStore, Store } from './state-machine.ts'

export interface StoreData {
  /**
   * A deleted key keeps its place for a while, as `undefined`. A `Map` of V8 leaves a dead entry in the key's hash chain
   * at every delete until it is rebuilt, so a key of a large map that comes and goes (a lock, say) would get ever slower:
   * 100 µs after some thousand times.
   */
  readonly entries: Map<string, unknown>
  /** Keys that were deleted, oldest first; some are back. Beyond `goneKept` they really go. */
  readonly gone: string[]
  readonly keys: SortedKeys
  /**
   * Keys put or deleted since the rows were last written, and whether each has a row. Most records and locks come and go
   * between two flushes: a key without a row that is deleted again is clean, and costs no write.
   */
  readonly dirty: Map<string, boolean>
}

export function storeData(entries: Iterable<readonly [string, unknown]> = []): StoreData {
  const map = new Map(entries)
  return { entries: map, gone: [], keys: sortedKeys(map.keys()), dirty: new Map() }
}

const goneKept = 1_024

export function* liveEntries({ entries }: StoreData): Iterable<readonly [key: string, value: unknown]> {
  for (const entry of entries) if (entry[1] !== undefined) yield entry
}

export function countEntries({ keys }: StoreData): number {
  return keys.blocks.reduce((sum, block) => sum + block.length, 0)
}

/** Several at a time, as the front of an array is cheaper to take in one piece. */
function dropGone({ entries, gone }: StoreData): void {
  if (gone.length < 2 * goneKept) return
  for (const key of gone.splice(0, goneKept)) if (entries.get(key) === undefined) entries.delete(key)
}

/** What a command, a leader side or an audit reads. A view: it follows the data. */
export class StoreReader implements ReadonlyStore {
  protected readonly data: StoreData
  constructor(data: StoreData) {
    this.data = data
  }
  get size(): number {
    return countEntries(this.data)
  }
  get(key: string): unknown {
    return this.data.entries.get(key)
  }
  has(key: string): boolean {
    return this.data.entries.get(key) !== undefined
  }
  *scan(from: string, to: string): Iterable<readonly [key: string, value: unknown]> {
    for (const key of keysBetween(this.data.keys, from, to)) yield [key, this.data.entries.get(key)]
  }
}

interface Undo {
  readonly key: string
  readonly existed: boolean
  readonly value: unknown
}

/** What `apply` writes through. `commit` after each command, or `undo`. */
export class StoreWriter extends StoreReader implements Store {
  private journal: Undo[] = []

  put(key: string, value: unknown): void {
    const { entries, keys, dirty } = this.data
    const before = entries.get(key)
    const existed = before !== undefined
    this.journal.push({ key, existed, value: before })
    entries.set(key, value)
    if (!existed) insertKey(keys, key)
    if (!dirty.has(key)) dirty.set(key, existed)
  }

  delete(key: string): void {
    const { entries, keys, dirty, gone } = this.data
    const before = entries.get(key)
    if (before === undefined) return
    this.journal.push({ key, existed: true, value: before })
    entries.set(key, undefined)
    gone.push(key)
    dropGone(this.data)
    removeKey(keys, key)
    if (dirty.get(key) === false) dirty.delete(key)
    else dirty.set(key, true)
  }

  commit(): void {
    if (this.journal.length > 0) this.journal = []
  }

  /** Back to the last commit. Keys stay or become dirty: writing an unchanged row again is harmless. */
  undo(): void {
    const { entries, keys, dirty } = this.data
    for (const { key, existed, value } of this.journal.reverse()) {
      if (existed) {
        if (entries.get(key) === undefined) insertKey(keys, key)
        entries.set(key, value)
        // Its deletion may have made it clean.
        if (!dirty.has(key)) dirty.set(key, true)
      } else {
        entries.delete(key)
        removeKey(keys, key)
      }
    }
    this.journal = []
  }
}
