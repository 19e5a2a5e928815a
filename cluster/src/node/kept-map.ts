/**
 * The shard map that a node's data was made with. A configuration that makes another one would give groups other
 * members, or keys other homes, than their rows have: it is refused. (Moving shards will go through the directory.)
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ShardMap } from '@synod/actors'
import { writeDurably } from './durable-file.ts'
import { exitCode, Failure } from './failure.ts'

/** Throws `Failure` when the data was made with another map. */
export function keepMap(data: string, map: ShardMap): void {
  const path = join(data, 'map.json')
  if (!existsSync(path)) {
    writeDurably(path, `${JSON.stringify(map)}\n`)
    return
  }
  const kept = JSON.parse(readFileSync(path, 'utf8')) as ShardMap
  const difference = differenceOf(kept, map)
  if (difference === undefined) return
  throw new Failure(
    `the data in ${data} was made ${difference}; give the same configuration, or other data`,
    exitCode.usage,
  )
}

function differenceOf(kept: ShardMap, asked: ShardMap): string | undefined {
  for (const name of union(kept.keyspaces, asked.keyspaces)) {
    const [made, wanted] = [
      kept.keyspaces[name]?.shards.length ?? 0,
      asked.keyspaces[name]?.shards.length ?? 0,
    ]
    if (made !== wanted) return `with ${made} shards of keyspace ${name}, not ${wanted}`
  }
  for (const name of union(kept.groups, asked.groups)) {
    const [made, wanted] = [placeOf(kept, name), placeOf(asked, name)]
    if (made !== wanted) return `${made}, not ${wanted}`
  }
  return undefined
}

function placeOf({ groups }: ShardMap, name: string): string {
  const members = groups[name]?.members
  return members === undefined ? `without group ${name}` : `with group ${name} on ${members.join(', ')}`
}

function union(a: object, b: object): Set<string> {
  return new Set([...Object.keys(a), ...Object.keys(b)])
}
