/** Messages of the shard map: asked of, and sent by, the leader side of the group `directory`. */
import type { NotLeader } from '../transactions/messages.ts'
import type { Assignment, ShardMap } from './shard-map.ts'

/** The replicated group that holds the shard map. */
export const directoryGroup = 'directory'

/** Anyone → directory, by message or request. Answered linearizably with `MapAnswer`, or `NotLeader`. */
export interface GetMap {
  readonly type: 'getMap'
  readonly tag?: number
}
export interface MapAnswer {
  readonly type: 'map'
  readonly map: ShardMap
  readonly tag?: number
}
/** Directory → leader of a group: what the group owns. Sent until `Assigned`; another member answers `NotLeader`. */
export interface Assign {
  readonly type: 'assign'
  readonly assignment: Assignment
}
/** Leader of a group → directory: the assignment of this epoch, or a later one, is replicated in the group. */
export interface Assigned {
  readonly type: 'assigned'
  readonly group: string
  readonly epoch: number
}

export type DirectoryMessage = GetMap | Assigned | NotLeader
export type FromDirectory = MapAnswer | Assign | NotLeader
