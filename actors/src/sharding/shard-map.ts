/** Which group holds a key. The map is data with an epoch, replicated by the directory group; nodes cache it. */
import type { GroupConfig } from '../replicated/group.ts'

export interface Shard {
  /** `orders.0`. */
  readonly shard: string
  readonly group: string
  /** Hashes from `from` (included) to `to` (excluded), within [0, 2^32]. */
  readonly from: number
  readonly to: number
}
export interface ShardMap {
  readonly epoch: number
  readonly keyspaces: Readonly<
    Record<string, { readonly partition: 'hash'; readonly shards: readonly Shard[] }>
  >
  readonly groups: Readonly<Record<string, GroupConfig>>
}
/** What a group is told of the map: which hashes of which keyspaces are its own, and where the other groups are. */
export interface Assignment {
  readonly epoch: number
  readonly shards: readonly (Shard & { readonly keyspace: string })[]
  /** All groups: a coordinator finds its participants by it, a participant in doubt its coordinator. */
  readonly groups: Readonly<Record<string, GroupConfig>>
}

const prefixed = /^([0-9a-f]{8})~/

/**
 * Where a key lies in [0, 2^32). A key that starts with eight hex digits and `~` says so itself (a created order lies
 * with its user); otherwise the part before the first `/` is hashed, so that `7/price` and `7/count` lie together.
 */
export function placement(key: string): number {
  const own = key[8] === '~' ? prefixed.exec(key) : null
  if (own?.[1] !== undefined) return Number.parseInt(own[1], 16)
  const slash = key.indexOf('/')
  return hash32(slash < 0 ? key : key.slice(0, slash))
}

/** FNV-1a over UTF-16 code units, finished with murmur3's mixer so that short numeric keys spread. */
export function hash32(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Undefined when there is no such keyspace: names come from outside, and `constructor` is none. */
export function shardsOf(map: ShardMap, keyspace: string): readonly Shard[] | undefined {
  return Object.hasOwn(map.keyspaces, keyspace) ? map.keyspaces[keyspace]?.shards : undefined
}

/** Undefined when there is no such keyspace. */
export function locate(map: ShardMap, keyspace: string, key: string): Shard | undefined {
  const at = placement(key)
  return shardsOf(map, keyspace)?.find(shard => at >= shard.from && at < shard.to)
}
