/**
 * What the journal holds of one turn: all its writes in one piece of bytes, encoded once. Few bytes and one row: that
 * is what makes a commit cheap.
 */
import type { KeyRange } from '../actor.ts'
import type { ActorId, NodeId } from '../address.ts'
import { decode, encode } from '../codec.ts'
import { fieldsOf, type SightingFields, sightingOf } from './sighting-fields.ts'
import type { Sighting } from './storage.ts'
import { originalKey, storedKey } from './stored-key.ts'
import type { ActorWrites } from './turn-writes.ts'

/**
 * `from` and `to` of each erased range, then keys that are erased, then keys and their values in turn. Keys as in the
 * table of rows: MessagePack cannot hold a lone surrogate either.
 */
type ActorPart = readonly [actor: string, ranges: string[], erased: string[], puts: unknown[]]
type SightingPart = readonly [node: string, ...sighting: SightingFields]
type Entry = readonly [actors: readonly ActorPart[], sightings: readonly SightingPart[]]

export interface ActorEntry {
  readonly actor: ActorId
  readonly ranges: readonly KeyRange[]
  readonly erased: readonly string[]
  readonly puts: ReadonlyMap<string, unknown>
}
export interface TurnEntry {
  readonly actors: readonly ActorEntry[]
  readonly sightings: ReadonlyMap<NodeId, Sighting>
}

/** Throws on a value that cannot be encoded. */
export function encodeEntry(
  merged: ReadonlyMap<ActorId, ActorWrites>,
  sightings: ReadonlyMap<NodeId, Sighting> | undefined,
): Uint8Array {
  const actors: ActorPart[] = []
  for (const [actor, writes] of merged) {
    actors.push(partOf(actor, writes))
  }
  const seen = [...(sightings ?? [])].map(([node, sighting]): SightingPart => [node, ...fieldsOf(sighting)])
  const entry: Entry = [actors, seen]
  return encode(entry)
}

function partOf(actor: ActorId, { ranges, keys }: ActorWrites): ActorPart {
  const erased: string[] = []
  const puts: unknown[] = []
  for (const [key, write] of keys) {
    if ('key' in write) puts.push(storedKey(key), write.value)
    else erased.push(storedKey(key))
  }
  return [actor, ranges.flatMap(({ from, to }) => [storedKey(from), storedKey(to)]), erased, puts]
}

export function decodeEntry(bytes: Uint8Array): TurnEntry {
  const [actors, seen] = decode(bytes) as Entry
  return {
    actors: actors.map(actorEntry),
    sightings: new Map(seen.map(([node, ...fields]) => [node as NodeId, sightingOf(fields)])),
  }
}

/** Of which row the byte `at` is; without a key: of an actor's name or erasures. Undefined for what is of no actor. */
export function partAt(bytes: Uint8Array, at: number): { actor: ActorId; key?: string } | undefined {
  const [actors, seen] = decode(bytes) as Entry
  const encoded = encode([actors, seen] satisfies Entry)
  // Only of bytes that are made anew just so is it known what is where.
  if (Buffer.compare(encoded, bytes) !== 0) return undefined
  const parts = actors.flatMap(({ 3: pairs }, part) =>
    Array.from({ length: pairs.length / 2 + 1 }, (_, count) => ({ part, count })),
  )
  const end = ({ part, count }: Upto) => lengthUpTo(actors, part, count)
  let [low, high] = [0, parts.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (end(parts[middle] as Upto) > at) high = middle
    else low = middle + 1
  }
  const found = parts[low]
  const of = found && actors[found.part]
  if (found === undefined || of === undefined) return undefined
  const actor = of[0] as ActorId
  return found.count === 0 ? { actor } : { actor, key: originalKey(of[3][2 * found.count - 2] as string) }
}

/** The first actors up to `part`, of which only the first `count` puts. */
interface Upto {
  readonly part: number
  readonly count: number
}

function lengthUpTo(actors: readonly ActorPart[], part: number, count: number): number {
  const [actor, ranges, erased, pairs] = actors[part] as ActorPart
  const kept: ActorPart = [actor, ranges, erased, pairs.slice(0, 2 * count)]
  const entry: Entry = [[...actors.slice(0, part), kept], []]
  const shorter = header(part + 1) + header(2 * count) - header(actors.length) - header(pairs.length)
  return encode(entry).byteLength - header(0) - shorter
}

/** What MessagePack puts before the items of an array. */
function header(items: number): number {
  return items < 16 ? 1 : items < 1 << 16 ? 3 : 5
}

function actorEntry([actor, bounds, erased, pairs]: ActorPart): ActorEntry {
  const ranges: KeyRange[] = []
  for (let at = 0; at < bounds.length; at += 2) {
    ranges.push({ from: originalKey(bounds[at] as string), to: originalKey(bounds[at + 1] as string) })
  }
  const puts = new Map<string, unknown>()
  for (let at = 0; at < pairs.length; at += 2) puts.set(originalKey(pairs[at] as string), pairs[at + 1])
  return { actor: actor as ActorId, ranges, erased: erased.map(originalKey), puts }
}
