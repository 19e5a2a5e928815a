/** From keys to groups, by a shard map. Pure. */
import { locate, type ShardMap, shardsOf } from '../sharding/shard-map.ts'
import type { Numbered, Share } from '../transactions/messages.ts'
import type { Operation } from '../transactions/operations.ts'

interface OnKey {
  readonly keyspace: string
  readonly key: string
}
/** What cannot be placed: the position of the first such key, and why. */
export interface Misplaced {
  readonly misplaced: number
  readonly detail: string
}
/** Positions in a list of keys, by the group that holds them; in order of first appearance. */
export type ByGroup = Map<string, number[]>

export function byGroup(map: ShardMap, keys: readonly OnKey[]): ByGroup | Misplaced {
  const groups: ByGroup = new Map()
  for (const [position, { keyspace, key }] of keys.entries()) {
    const group = locate(map, keyspace, key)?.group
    if (group === undefined) return { misplaced: position, detail: unknownKeyspace(map, keyspace) }
    const positions = groups.get(group)
    if (positions === undefined) groups.set(group, [position])
    else positions.push(position)
  }
  return groups
}

/** One share per group; the first is the coordinating group's, which holds the first operation's key. */
export function planShares(map: ShardMap, operations: readonly Operation[]): readonly Share[] | Misplaced {
  const [only] = operations
  if (only !== undefined && operations.length === 1) return planOne(map, only)
  const groups = byGroup(map, operations)
  if ('misplaced' in groups) return groups
  return [...groups].map(([group, positions]) => ({ group, operations: numbered(operations, positions) }))
}

/** As most are. */
function planOne(map: ShardMap, operation: Operation): readonly Share[] | Misplaced {
  const { keyspace, key } = operation
  const group = locate(map, keyspace, key)?.group
  if (group === undefined) return { misplaced: 0, detail: unknownKeyspace(map, keyspace) }
  return [{ group, operations: [{ index: 0, operation }] }]
}

function numbered(operations: readonly Operation[], positions: readonly number[]): Numbered[] {
  const share: Numbered[] = []
  for (const index of positions) {
    const operation = operations[index]
    if (operation !== undefined) share.push({ index, operation })
  }
  return share
}

/** Chunks of at most `size` operations, each within one group. */
export function planChunks(
  map: ShardMap,
  operations: readonly Operation[],
  size: number,
): Map<string, Operation[][]> | Misplaced {
  const groups = byGroup(map, operations)
  if ('misplaced' in groups) return groups
  const chunks = new Map<string, Operation[][]>()
  for (const [group, positions] of groups) {
    const own = numbered(operations, positions).map(one => one.operation)
    const list: Operation[][] = []
    for (let from = 0; from < own.length; from += size) list.push(own.slice(from, from + size))
    chunks.set(group, list)
  }
  return chunks
}

const placedByItself = /^[0-9a-f]{8}~/

/** The groups that can hold keys with this prefix. All keys of a prefix that fixes the placement lie in one. */
export function scanGroups(map: ShardMap, keyspace: string, prefix: string): readonly string[] | undefined {
  const shards = shardsOf(map, keyspace)
  if (shards === undefined) return undefined
  if (placedByItself.test(prefix) || prefix.includes('/')) {
    const group = locate(map, keyspace, prefix)?.group
    return group === undefined ? undefined : [group]
  }
  return [...new Set(shards.map(shard => shard.group))]
}

export function unknownKeyspace(map: ShardMap, keyspace: string): string {
  const known = Object.keys(map.keyspaces).sort().join(', ')
  return `there is no keyspace ${JSON.stringify(keyspace)}; there are: ${known}`
}
