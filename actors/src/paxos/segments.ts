/**
 * The applied state on disk: a log of segments (Rosenblum and Ousterhout, The Design and Implementation of a
 * Log-Structured File System, SOSP 1991). A flush appends the entries that changed, hundreds of them to a row, which
 * costs a tenth of a row for each; read in order, the last entry of a key is what it holds.
 *
 * What is replaced goes by a sweep: with each flush some of all keys are appended once more, and when all have been,
 * the segments from before are erased, oldest first, so that what a crash leaves of them says nothing else (PX25).
 */
import { decode, encode, type KeyRange, type Outbox, type Rows } from '@synod/runtime/protocol'
import {
  type Cursor,
  emptyStore,
  loadInto,
  loadRow,
  rowsAfter,
  type StoreData,
  settleLoaded,
  tableWith,
  type WriteRow,
} from '../replicated/store-data.ts'

/** Plain data: it survives `structuredClone`. */
export interface Segments {
  /** The oldest that counts, and the next to be written. */
  readonly first: number
  readonly next: number
  /** Entries in them, also of keys that later ones have replaced or deleted. */
  readonly entries: number
  readonly sweep: Sweep | undefined
}
interface Sweep {
  /** From here on every key is there again when it is over. */
  readonly from: number
  /** Entries of the segments before. */
  readonly entries: number
  /** The last row that was appended once more. */
  readonly cursor: Cursor | undefined
}
export const noSegments: Segments = { first: 0, next: 0, entries: 0, sweep: undefined }

/** One entry; without a value the key is deleted. `prefix` is that of its table. */
export interface Change {
  readonly prefix: string
  readonly name: string
  readonly value: unknown
}
/** Of one table: names and values in turn, and the names of what is deleted. */
type Part = readonly [prefix: string, puts: unknown[], gone: string[]]

/** Few enough that a damaged or replaced row is small, enough that a row costs an entry little. */
const entriesPerSegment = 256
/**
 * A sweep goes this many times as fast as the state changes, and not slower than this part of `flushKeys` with a
 * flush.
 */
const sweepPace = { times: 2, least: 1 / 16 } as const
/** Below so many flushes' worth of entries nothing is swept. */
const sweepFlushes = 4

export interface SegmentTuning {
  readonly flushKeys: number
  /** A segment of more bytes is cut in two, unless it is a single entry. */
  readonly chunkBytes: number
}

export function segmentRange(generation: number): KeyRange {
  return { from: `seg${generation}/`, to: `seg${generation}0` }
}

/** The rows of every generation. */
export const allSegments: KeyRange = { from: 'seg', to: 'seh' }

export function segmentKey(generation: number, number: number): string {
  return `seg${generation}/${String(number).padStart(12, '0')}`
}

/** What the segments of a generation below `next` hold. */
export function readSegments(
  rows: Rows,
  generation: number,
  next: number,
  kinds: readonly string[] | undefined,
): { readonly store: StoreData; readonly segments: Segments } {
  const store = emptyStore(kinds)
  const { from } = segmentRange(generation)
  let first: number | undefined
  let entries = 0
  for (const [key, row] of rows.entries({ from, to: segmentKey(generation, next) })) {
    first ??= Number(key.slice(from.length))
    entries += load(store, decode(row as Uint8Array) as Part[])
  }
  settleLoaded(store)
  return { store, segments: { first: first ?? next, next, entries, sweep: undefined } }
}

function load(store: StoreData, parts: readonly Part[]): number {
  let entries = 0
  for (const [prefix, puts, gone] of parts) {
    const table = tableWith(store, prefix)
    const put = (name: string, value: unknown) => {
      if (table !== undefined) loadInto(table, name, value)
      else loadRow(store, prefix + name, value)
    }
    for (let at = 0; at < puts.length; at += 2) put(puts[at] as string, puts[at + 1])
    for (const name of gone) put(name, undefined)
    entries += puts.length / 2 + gone.length
  }
  return entries
}

/** Appends entries of different keys. */
export function append(
  segments: Segments,
  generation: number,
  changes: readonly Change[],
  { chunkBytes }: SegmentTuning,
  out: Outbox,
): Segments {
  let { next } = segments
  const write = (some: readonly Change[]) => {
    const row = encode(partsOf(some))
    if (row.byteLength <= chunkBytes || some.length === 1) {
      out.save(segmentKey(generation, next++), row)
      return
    }
    const half = some.length >>> 1
    write(some.slice(0, half))
    write(some.slice(half))
  }
  for (let at = 0; at < changes.length; at += entriesPerSegment) {
    write(changes.slice(at, at + entriesPerSegment))
  }
  return { ...segments, next, entries: segments.entries + changes.length }
}

function partsOf(changes: readonly Change[]): Part[] {
  const parts = new Map<string, Part>()
  for (const { prefix, name, value } of changes) {
    let part = parts.get(prefix)
    if (part === undefined) {
      part = [prefix, [], []]
      parts.set(prefix, part)
    }
    if (value === undefined) part[2].push(name)
    else part[1].push(name, value)
  }
  return [...parts.values()]
}

/**
 * With a flush of so many changes: takes what is to be appended once more, after them, and gives the segments as they
 * are to be before all that is appended.
 */
export function swept(
  segments: Segments,
  store: StoreData,
  changes: number,
  { flushKeys }: SegmentTuning,
  take: WriteRow,
): Segments {
  let { sweep } = segments
  if (sweep === undefined) {
    if (segments.entries + changes <= 2 * store.size + sweepFlushes * flushKeys) return segments
    sweep = { from: segments.next, entries: segments.entries, cursor: undefined }
  }
  const most = Math.ceil(Math.max(1, sweepPace.least * flushKeys, sweepPace.times * changes))
  const cursor = rowsAfter(store, sweep.cursor, most, take)
  if (cursor !== undefined) return { ...segments, sweep: { ...sweep, cursor } }
  const { from: first, entries } = sweep
  return { ...segments, first, entries: segments.entries - entries, sweep: undefined }
}
