/** The first shard map of a cluster, made from its configuration: a pure function, the same on every node. */
import type { NodeId } from '@synod/runtime/protocol'
import type { GroupConfig } from '../replicated/group.ts'
import { directoryGroup } from './messages.ts'
import type { Assignment, Shard, ShardMap } from './shard-map.ts'

export interface KeyspaceLayout {
  readonly shards: number
  /**
   * Replicated groups that the shards lie on, neighbours together, or the keyspace whose groups they share. Left out (a
   * configuration always says it): one for each shard.
   */
  readonly groups?: number | string
  /** Members of each shard's group; a cluster with fewer nodes uses all it has. */
  readonly replicas: number
}
export interface Layout {
  readonly nodes: readonly NodeId[]
  readonly keyspaces: Readonly<Record<string, KeyspaceLayout>>
  /** Members of the directory; default 3. */
  readonly directoryReplicas?: number
}

const hashes = 2 ** 32

/** Throws a `RangeError` on a layout without nodes, shards or replicas. */
export function initialMap(layout: Layout): ShardMap {
  requireLayout(layout)
  const groups: Record<string, GroupConfig> = {}
  const keyspaces: Record<string, { partition: 'hash'; shards: Shard[] }> = {}
  let turn = 0
  const addGroup = (group: string, replicas: number) => {
    groups[group] = groupOf(group, layout.nodes, replicas, turn)
    turn += 1
  }
  for (const [keyspace, { shards, replicas }] of Object.entries(layout.keyspaces)) {
    const home = homeOf(layout, keyspace)
    keyspaces[keyspace] = { partition: 'hash', shards: evenShards(keyspace, shards, home) }
    if (home.keyspace !== keyspace) continue
    for (let index = 0; index < home.groups; index++) addGroup(`${keyspace}.${index}`, replicas)
  }
  addGroup(directoryGroup, layout.directoryReplicas ?? 3)
  return { epoch: 1, keyspaces, groups }
}

/**
 * As few groups for a keyspace as let every node hold equally many: one where each node holds a replica anyway. More
 * groups on the same nodes would cut the same work into smaller batches.
 */
export function fewestGroups(nodes: number, replicas: number): number {
  return replicas >= nodes ? 1 : nodes
}

/** What each group is told of the map. The directory itself owns no keys and is left out. */
export function assignments(map: ShardMap): Map<string, Assignment> {
  const shards = new Map<string, Assignment['shards'][number][]>()
  for (const group of Object.keys(map.groups)) if (group !== directoryGroup) shards.set(group, [])
  for (const [keyspace, { shards: all }] of Object.entries(map.keyspaces)) {
    for (const shard of all) shards.get(shard.group)?.push({ ...shard, keyspace })
  }
  return new Map(
    [...shards].map(([group, own]) => [group, { epoch: map.epoch, shards: own, groups: map.groups }]),
  )
}

/** Members are consecutive nodes from a start that moves on with each group, so that leaders spread evenly. */
function groupOf(group: string, nodes: readonly NodeId[], replicas: number, turn: number): GroupConfig {
  const members: NodeId[] = []
  for (let offset = 0; offset < Math.min(replicas, nodes.length); offset++) {
    const node = nodes[(turn + offset) % nodes.length]
    if (node !== undefined) members.push(node)
  }
  const preferred = members[0]
  if (preferred === undefined) throw new RangeError(`group ${group} has no members`)
  return { group, protocol: 'paxos', members, preferred }
}

/** Whose groups a keyspace lies on, and how many they are. */
interface Home {
  readonly keyspace: string
  readonly groups: number
}

function homeOf({ keyspaces }: Layout, keyspace: string): Home {
  const { groups: own, shards } = keyspaces[keyspace] ?? { groups: undefined, shards: 0 }
  if (typeof own !== 'string') return { keyspace, groups: own ?? shards }
  const other = keyspaces[own]
  if (other === undefined || typeof other.groups === 'string') {
    throw new RangeError(`${keyspace}: ${own} has no groups of its own to share`)
  }
  return { keyspace: own, groups: other.groups ?? other.shards }
}

function evenShards(keyspace: string, count: number, home: Home): Shard[] {
  const bound = (index: number) => Math.floor((index * hashes) / count)
  return Array.from({ length: count }, (_, index) => ({
    shard: `${keyspace}.${index}`,
    group: `${home.keyspace}.${Math.floor((index * home.groups) / count)}`,
    from: bound(index),
    to: bound(index + 1),
  }))
}

function requireLayout(layout: Layout): void {
  if (layout.nodes.length === 0) throw new RangeError('a cluster has at least one node')
  if (new Set(layout.nodes).size !== layout.nodes.length) throw new RangeError('node ids are distinct')
  for (const [keyspace, { shards, groups = shards, replicas }] of Object.entries(layout.keyspaces)) {
    if (!(Number.isInteger(shards) && shards >= 1)) throw new RangeError(`${keyspace}: at least one shard`)
    if (typeof groups === 'number' && !(Number.isInteger(groups) && groups >= 1 && groups <= shards)) {
      throw new RangeError(`${keyspace}: at least one group, and no more groups than shards`)
    }
    if (!(Number.isInteger(replicas) && replicas >= 1)) {
      throw new RangeError(`${keyspace}: at least one replica`)
    }
  }
}
