/** Configurations as the rest of the package uses them: files, flags and defaults settled into one object. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fewestGroups } from '@synod/actors'
import type { z } from 'zod'
import { suggestion } from './nearest.ts'
import { ConfigError, type Parsed, type Path, parseYaml, validate } from './parse.ts'
import {
  type ClusterInput,
  clusterSchema,
  keyspaceDefaults,
  type NodeInput,
  nodeSchema,
  type SharedInput,
} from './schema.ts'

export interface KeyspaceSettings {
  readonly shards: number
  /** Paxos groups that the shards lie on, or the keyspace whose groups they share. */
  readonly groups: number | string
  readonly replicas: number
  readonly replication: string
  readonly partition: string
  readonly concurrency: string
}
/** What all nodes of a cluster agree on. */
export interface Settings {
  readonly keyspaces: Readonly<Record<string, KeyspaceSettings>>
  readonly transactions: SharedInput['transactions']
  readonly faults: boolean
  readonly deadlineMs: number
  readonly limits: SharedInput['limits']
}
export interface ClusterConfig extends Settings {
  /** Undefined: made at the first start and kept in the data folder. */
  readonly cluster: string | undefined
  readonly nodes: number
  readonly port: number
  readonly host: string
  /** Absolute. */
  readonly data: string
  readonly restart: boolean
  readonly tokenFile: string | undefined
}
export interface Member {
  readonly id: string
  readonly host: string
  readonly port: number
}
export interface NodeConfig extends Settings {
  readonly cluster: string
  readonly node: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly members: readonly Member[]
  readonly data: string
  readonly secret: string
  /** What callers from other machines must show; without it only this machine is answered. */
  readonly token: string | undefined
  readonly logFile: string | undefined
}

/** What was typed on the command line; it wins over the file. */
export interface ClusterFlags {
  readonly nodes?: number | undefined
  readonly port?: number | undefined
  readonly host?: string | undefined
  readonly data?: string | undefined
  readonly faults?: boolean | undefined
  readonly restart?: boolean | undefined
}

/** The keyspaces of the shop, and a general one. They always exist; a file changes their settings or adds others. */
const builtInKeyspaces = ['orders', 'stock', 'payment', 'kv'] as const

/** Throws `ConfigError`. Relative paths in flags are relative to `base`, in the file to the file's folder. */
export function loadClusterConfig(
  file: string | undefined,
  flags: ClusterFlags,
  base: string,
): ClusterConfig {
  const parsed: Parsed<ClusterInput> =
    file === undefined
      ? { value: validate(clusterSchema, {}, () => 'defaults'), place: () => 'defaults' }
      : readYaml(clusterSchema, resolve(base, file), file)
  const folder = file === undefined ? base : dirname(resolve(base, file))
  const value = { ...parsed.value, ...checkFlags(flags) }
  const data = flags.data === undefined ? resolve(folder, parsed.value.data) : resolve(base, flags.data)
  const { tokenFile } = value.access
  return {
    cluster: value.cluster,
    nodes: value.nodes,
    port: value.port,
    host: value.host,
    data,
    restart: value.restart,
    tokenFile: tokenFile === undefined ? undefined : resolve(folder, tokenFile),
    ...settle(value, value.nodes, parsed.place),
  }
}

/** Only what was typed: parsing fills in the defaults of everything else. */
function checkFlags(flags: ClusterFlags): Partial<Pick<ClusterInput, keyof ClusterFlags>> {
  const typed = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
  const checked = validate(clusterSchema, typed, path => `--${path.map(String).join('.')}`)
  return Object.fromEntries(Object.entries(checked).filter(([name]) => name in typed))
}

/** Throws `ConfigError`. Relative paths are relative to the file's folder. */
export function loadNodeConfig(file: string, base: string): NodeConfig {
  const path = resolve(base, file)
  const folder = dirname(path)
  const { value, place } = readYaml(nodeSchema, path, file)
  const members = Object.entries(value.members).map(([id, at]) => ({ id, ...splitEndpoint(at) }))
  const self = members.find(member => member.id === value.node)
  if (self === undefined) {
    throw new ConfigError([
      `${place(['node'])}: node: ${JSON.stringify(value.node)} is not among the members ${members.map(m => m.id).join(', ')}`,
    ])
  }
  const { tokenFile } = value.access
  return {
    cluster: value.cluster,
    node: value.node,
    listen: value.listen === undefined ? { host: self.host, port: self.port } : splitEndpoint(value.listen),
    members,
    data: resolve(folder, value.data),
    secret: readSecret(resolve(folder, value.secretFile), place(['secretFile'])),
    token: tokenFile === undefined ? undefined : readSecret(resolve(folder, tokenFile), place(['access'])),
    logFile: value.logFile === undefined ? undefined : resolve(folder, value.logFile),
    ...settle(value, members.length, place),
  }
}

type GivenKeyspace = NonNullable<SharedInput['keyspaces'][string]>

function settle(input: NodeInput | ClusterInput, nodes: number, place: (path: Path) => string): Settings {
  const named = Object.fromEntries(builtInKeyspaces.map(name => [name, keyspaceDefaults]))
  const given = { ...named, ...input.keyspaces }
  const keyspaces: Record<string, KeyspaceSettings> = {}
  for (const [name, own] of Object.entries(given)) {
    const { shards } = own
    const few = own.groups ?? neighbourOf(name, given)
    const refuse = (setting: string, problem: string | undefined) => {
      if (problem === undefined) return
      const path = ['keyspaces', name, setting]
      throw new ConfigError([`${place(path)}: ${path.join('.')}: ${problem}`])
    }
    const host = typeof few === 'string' ? given[few] : undefined
    const replicas = own.replicas ?? host?.replicas ?? Math.min(3, nodes)
    refuse('replicas', replicasProblem(replicas, nodes))
    refuse('groups', groupsProblem(name, given))
    keyspaces[name] = { ...own, groups: few ?? Math.min(shards, fewestGroups(nodes, replicas)), replicas }
  }
  const { transactions, faults, deadlineMs, limits } = input
  return { keyspaces, transactions, faults, deadlineMs, limits }
}

/**
 * Whose groups a keyspace shares unless told otherwise: payment those of orders, as a user pays for orders of their own. So a
 * checkout commits over two groups, not three.
 */
function neighbourOf(name: string, given: Readonly<Record<string, GivenKeyspace>>): string | undefined {
  const sharesSomeones = typeof given.orders?.groups === 'string'
  return name === 'payment' && given.payment?.replicas === undefined && !sharesSomeones ? 'orders' : undefined
}

function groupsProblem(name: string, given: Readonly<Record<string, GivenKeyspace>>): string | undefined {
  const { groups = 1, shards, replicas } = given[name] ?? keyspaceDefaults
  if (typeof groups === 'number') {
    return groups > shards ? `${groups} groups need ${groups} shards; there are ${shards}` : undefined
  }
  const host = given[groups]
  if (host === undefined) return `there is no keyspace ${groups}; ${suggestion(groups, Object.keys(given))}`
  if (groups === name || typeof host.groups === 'string') return `${groups} has no groups of its own to share`
  if (replicas !== undefined && replicas !== host.replicas) {
    return `the groups of ${groups} have ${host.replicas ?? 'the default number of'} replicas, not ${replicas}`
  }
  return undefined
}

function replicasProblem(replicas: number, nodes: number): string | undefined {
  if (replicas > nodes) return `${replicas} replicas need ${replicas} nodes; there are ${nodes}`
  if (replicas % 2 === 0) return `must be odd: ${replicas} survive no more losses than ${replicas - 1}`
  return undefined
}

function readYaml<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  shown: string,
): Parsed<z.output<Schema>> {
  if (!existsSync(path)) throw new ConfigError([`${shown}: there is no such file`])
  if (statSync(path).isDirectory()) throw new ConfigError([`${shown}: it is a folder`])
  return parseYaml(schema, readFileSync(path, 'utf8'), shown)
}

function readSecret(path: string, place: string): string {
  const secret = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  if (secret.length >= 16) return secret
  throw new ConfigError([`${place}: ${path} must hold at least 16 characters (try: openssl rand -hex 32)`])
}

/** `[::1]:8001` and `10.0.0.1:8001`; the schema has checked the form. */
export function splitEndpoint(endpoint: string): { host: string; port: number } {
  const colon = endpoint.lastIndexOf(':')
  return { host: endpoint.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(endpoint.slice(colon + 1)) }
}
export function joinEndpoint(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}
