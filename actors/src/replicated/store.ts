/**
 * The applied state of a state machine in memory: a map with ordered keys, the keys changed since the last flush, and
 * an undo journal for the command under way, so that a command that throws changes nothing.
 */

import { insertKey, keysBetween, removeKey, type SortedKeys, sortedKeys } from './sorted-keys.ts'
import type { ReadonlyStore, Store } from './state-machine.ts'

export interface StoreData {
  readonly entries: Map<string, unknown>
  readonly keys: SortedKeys
  /** Keys put or deleted since the rows were last written. */
  readonly dirty: Set<string>
}

export function storeData(entries: Iterable<readonly [string, unknown]> = []): StoreData {
  const map = new Map(entries)
  return { entries: map, keys: sortedKeys(map.keys()), dirty: new Set() }
}

/** What a command, a leader side or an audit reads. A view: it follows the data. */
export class StoreReader implements ReadonlyStore {
  protected readonly data: StoreData
  constructor(data: StoreData) {
    this.data = data
  }
  get size(): number {
    return this.data.entries.size
  }
  get(key: string): unknown {
    return this.data.entries.get(key)
  }
  has(key: string): boolean {
    return this.data.entries.has(key)
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
    const existed = entries.has(key)
    this.journal.push({ key, existed, value: entries.get(key) })
    entries.set(key, value)
    if (!existed) insertKey(keys, key)
    dirty.add(key)
  }

  delete(key: string): void {
    const { entries, keys, dirty } = this.data
    if (!entries.has(key)) return
    this.journal.push({ key, existed: true, value: entries.get(key) })
    entries.delete(key)
    removeKey(keys, key)
    dirty.add(key)
  }

  commit(): void {
    if (this.journal.length > 0) this.journal = []
  }

  /** Back to the last commit. Keys stay dirty: writing an unchanged row again is harmless. */
  undo(): void {
    const { entries, keys } = this.data
    for (const { key, existed, value } of this.journal.reverse()) {
      if (existed) {
        if (!entries.has(key)) insertKey(keys, key)
        entries.set(key, value)
      } else if (entries.delete(key)) {
        removeKey(keys, key)
      }
    }
    this.journal = []
  }
}
