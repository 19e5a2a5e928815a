/** Whether keys lie in this group, by what the shard manager assigned. */
import { type Assignment, placement } from '../../sharding/shard-map.ts'
import type { Numbered } from '../messages.ts'

export function owns(assignment: Assignment, group: string, keyspace: string, key: string): boolean {
  const at = placement(key)
  return assignment.shards.some(
    shard => shard.group === group && shard.keyspace === keyspace && at >= shard.from && at < shard.to,
  )
}

/** [TX11] */
export function ownsAll(assignment: Assignment, group: string, operations: readonly Numbered[]): boolean {
  return operations.every(({ operation: { keyspace, key } }) => owns(assignment, group, keyspace, key))
}
