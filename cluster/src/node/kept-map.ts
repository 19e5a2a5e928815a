/**
 * The shard map that a node's data was made with. A configuration that makes another one would give groups other
 * members, or keys other homes, than their rows have: it is refused. (Moving shards will go through the directory.)
 *
 * Nothing is taken from here for what a configuration leaves out, as a start of a whole cluster does from its folder: a
 * node whose folder is lost has nothing to take it from, and must get the same map as the others.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ShardMap } from '@synod/actors'
import { changedSettings, type KeyspaceSettings, written } from '../config/keyspaces.ts'
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
  if (difference !== undefined)
    throw new Failure(`the data in ${data} was made ${difference}`, exitCode.usage)
}

const sameOrOther = 'give the same configuration, or other data'

/** How the data was made, and what would fit it. */
function differenceOf(kept: ShardMap, asked: ShardMap): string | undefined {
  const [nodes, wanted] = [nodesOf(kept), nodesOf(asked)]
  if (nodes !== wanted) return `with groups on ${nodes}, not on ${wanted}; ${sameOrOther}`
  return keyspaceDifference(kept, asked) ?? placeDifference(kept, asked)
}

function nodesOf({ groups }: ShardMap): string {
  return [...new Set(Object.values(groups).flatMap(({ members }) => members))].sort().join(', ')
}

/** In the words of a configuration. */
function keyspaceDifference(kept: ShardMap, asked: ShardMap): string | undefined {
  const strange = Object.keys(asked.keyspaces).find(name => kept.keyspaces[name] === undefined)
  if (strange !== undefined) return `without keyspace ${strange}; leave it out, or give other data`
  const changed = Object.keys(kept.keyspaces)
    .map(name => [name, changedSettings(settingsOf(kept, name), settingsOf(asked, name))] as const)
    .filter(([, settings]) => Object.keys(settings).length > 0)
  if (changed.length === 0) return undefined
  const settings = written(Object.fromEntries(changed))
  return `with other settings; give ${settings} in the configuration of every node, or other data`
}

type Settings = Partial<Pick<KeyspaceSettings, 'shards' | 'groups' | 'replicas'>>

/** From which a map makes a keyspace as it is. */
export function settingsOf({ keyspaces, groups }: ShardMap, name: string): Settings {
  const shards = keyspaces[name]?.shards ?? []
  const [first] = shards
  if (first === undefined) return {}
  const host = first.group.slice(0, first.group.indexOf('.'))
  const own = Object.keys(groups).filter(group => group.startsWith(`${name}.`)).length
  const replicas = groups[first.group]?.members.length ?? 0
  return { shards: shards.length, groups: host === name ? own : host, replicas }
}

/** What the same settings do not explain: other nodes, another order of keyspaces, shards that were moved. */
function placeDifference(kept: ShardMap, asked: ShardMap): string | undefined {
  const [made, wanted] = [placesOf(kept), placesOf(asked)]
  for (const place of new Set([...made.keys(), ...wanted.keys()])) {
    const [was, would] = [made.get(place), wanted.get(place)]
    if (was !== would) return `with ${place} ${was ?? 'nowhere'}, not ${would ?? 'nowhere'}; ${sameOrOther}`
  }
  return undefined
}

/** Where each group and each shard lies, in words. */
export function placesOf({ groups, keyspaces }: ShardMap): Map<string, string> {
  const shards = Object.values(keyspaces).flatMap(keyspace => keyspace.shards)
  return new Map([
    ...Object.values(groups).map(
      ({ group, members }) => [`group ${group}`, `on ${members.join(', ')}`] as const,
    ),
    ...shards.map(
      ({ shard, group, from, to }) => [`shard ${shard}`, `in ${group}, ${from} to ${to}`] as const,
    ),
  ])
}
