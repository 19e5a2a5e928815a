/** Keyspaces settled: what is not said of one follows from the others, and from the number of nodes. */
import { fewestGroups } from '@synod/actors'
import { stringify } from 'yaml'
import { suggestion } from './nearest.ts'
import { keyspaceDefaults, type SharedInput } from './schema.ts'

export interface KeyspaceSettings {
  readonly shards: number
  /** Paxos groups that the shards lie on, or the keyspace whose groups they share. */
  readonly groups: number | string
  readonly replicas: number
  readonly replication: string
  readonly partition: string
  readonly concurrency: string
}
/** What of each keyspace was left to the defaults: data made before may have it otherwise, and keeps it. */
export type Unsaid = Readonly<Record<string, readonly (typeof settled)[number][]>>

type GivenKeyspace = SharedInput['keyspaces'][string]
interface Given {
  readonly keyspaces: Readonly<Record<string, GivenKeyspace>>
  readonly nodes: number
}
/** Throws when there is a problem. */
type Refuse = (keyspace: string, setting: string, problem: string | undefined) => void

/** The keyspaces of the shop, and a general one. They always exist; a file changes their settings or adds others. */
const builtIn = Object.fromEntries(
  ['orders', 'stock', 'payment', 'kv'].map(name => [name, keyspaceDefaults] as const),
)
/** What the schema gives no default. */
const settled = ['groups', 'replicas'] as const

export function settleKeyspaces(
  said: SharedInput['keyspaces'],
  nodes: number,
  refuse: Refuse,
): Record<string, KeyspaceSettings> {
  const given: Given = { keyspaces: { ...builtIn, ...said }, nodes }
  const keyspaces: Record<string, KeyspaceSettings> = {}
  for (const [name, own] of Object.entries(given.keyspaces)) {
    const replicas = replicasOf(given, name)
    refuse(name, 'replicas', replicasProblem(replicas, nodes))
    refuse(name, 'groups', groupsProblem(given, name))
    const fewest = Math.min(own.shards, fewestGroups(nodes, replicas))
    keyspaces[name] = { ...own, groups: hostOf(given, name) ?? own.groups ?? fewest, replicas }
  }
  return keyspaces
}

export function unsaidOf(said: SharedInput['keyspaces']): Unsaid {
  return Object.fromEntries(
    Object.entries({ ...builtIn, ...said }).map(([name, own]) => [
      name,
      settled.filter(setting => own[setting] === undefined),
    ]),
  )
}

/** Those of `made` that are not so in `asked`; all, where there is none. */
export function changedSettings(
  made: Partial<KeyspaceSettings>,
  asked: Partial<KeyspaceSettings> = {},
): Partial<KeyspaceSettings> {
  const changed = Object.entries(made).filter(
    ([key, value]) => asked[key as keyof KeyspaceSettings] !== value,
  )
  return Object.fromEntries(changed)
}

/** As it is written in a configuration: `keyspaces: { payment: { groups: 1 } }`. */
export function written(keyspaces: Readonly<Record<string, Partial<KeyspaceSettings>>>): string {
  return `keyspaces: ${stringify(keyspaces, { collectionStyle: 'flow', lineWidth: 0 }).trim()}`
}

/**
 * Whose groups a keyspace shares; undefined: it has its own. Unless told otherwise payment shares those of orders, as a
 * user pays for orders of their own: so a checkout commits over two groups, not three.
 */
function hostOf({ keyspaces, nodes }: Given, name: string): string | undefined {
  const { groups, replicas } = keyspaces[name] ?? keyspaceDefaults
  if (groups !== undefined) return typeof groups === 'string' ? groups : undefined
  if (name !== 'payment' || typeof keyspaces.orders?.groups === 'string') return undefined
  const theirs = keyspaces.orders?.replicas ?? defaultReplicas(nodes)
  return (replicas ?? theirs) === theirs ? 'orders' : undefined
}

function replicasOf(given: Given, name: string): number {
  const host = hostOf(given, name)
  const theirs = host === undefined ? undefined : given.keyspaces[host]?.replicas
  return given.keyspaces[name]?.replicas ?? theirs ?? defaultReplicas(given.nodes)
}

const defaultReplicas = (nodes: number) => Math.min(3, nodes)

function groupsProblem(given: Given, name: string): string | undefined {
  const { groups, shards } = given.keyspaces[name] ?? keyspaceDefaults
  const host = hostOf(given, name)
  if (host !== undefined) return sharingProblem(given, name, host)
  return Number(groups) > shards ? `${groups} groups need ${groups} shards; there are ${shards}` : undefined
}

function sharingProblem(given: Given, name: string, host: string): string | undefined {
  if (given.keyspaces[host] === undefined) {
    return `there is no keyspace ${host}; ${suggestion(host, Object.keys(given.keyspaces))}`
  }
  if (host === name) return `${host} has no groups of its own to share`
  const further = hostOf(given, host)
  if (further !== undefined) {
    const other = further === name ? '' : `name ${further}, or `
    return `${host} shares the groups of ${further}: ${other}give ${host}: { groups: 1 }`
  }
  const [own, theirs] = [replicasOf(given, name), replicasOf(given, host)]
  return own === theirs ? undefined : `the groups of ${host} have ${theirs} replicas, not ${own}`
}

function replicasProblem(replicas: number, nodes: number): string | undefined {
  if (replicas > nodes) return `${replicas} replicas need ${replicas} nodes; there are ${nodes}`
  if (replicas % 2 === 0) return `must be odd: ${replicas} survive no more losses than ${replicas - 1}`
  return undefined
}
