/** The values under a prefix, as the store has them, or as a transaction's own writes leave them. */
import type { ReadonlyStore } from '../replicated/state-machine.ts'
import { limits } from './limits.ts'
import type { OperationResult } from './operations.ts'
import { afterPrefix, type Stored, table } from './rows.ts'

export type Entries = Extract<OperationResult, { entries: unknown }>['entries']

interface Range {
  readonly keyspace: string
  readonly prefix: string
  readonly after?: string
  readonly limit?: number
}

export function scanValues(
  store: ReadonlyStore,
  range: Range,
  written: ReadonlyMap<string, Stored | undefined> = new Map(),
  most: number = limits.scanEntries,
): Entries {
  const limit = Math.min(range.limit ?? most, most)
  const own = ownEntries(range, written)
  const entries: Entries[number][] = []
  for (const [key, stored] of storedIn(store, range)) {
    if (entries.length >= limit + own.hidden) break
    if (!written.has(`${range.keyspace}/${key}`)) entries.push({ key, ...stored })
  }
  if (own.entries.length === 0) return entries.slice(0, limit)
  return [...entries, ...own.entries].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit)
}

function* storedIn(store: ReadonlyStore, range: Range): Iterable<readonly [key: string, stored: Stored]> {
  const base = `${range.keyspace}/`
  const start = base + range.prefix
  // The next text after `after` is `after` with the least character appended.
  const from = range.after === undefined ? start : `${base}${range.after}\u0000`
  const begin = [from, start].sort().at(-1) ?? start
  for (const [item, stored] of table.values(store).scan(begin, afterPrefix(start))) {
    yield [item.slice(base.length), stored]
  }
}

function ownEntries(range: Range, written: ReadonlyMap<string, Stored | undefined>) {
  const entries: Entries[number][] = []
  let hidden = 0
  const start = `${range.keyspace}/${range.prefix}`
  for (const [item, stored] of written) {
    if (!item.startsWith(start)) continue
    hidden += 1
    if (stored !== undefined) entries.push({ key: item.slice(range.keyspace.length + 1), ...stored })
  }
  return { entries, hidden }
}
