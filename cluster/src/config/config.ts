/** Configurations as the rest of the package uses them: files, flags and defaults settled into one object. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { type KeyspaceSettings, settleKeyspaces, type Unsaid, unsaidOf } from './keyspaces.ts'
import { ConfigError, type Parsed, type Path, parseYaml, validate } from './parse.ts'
import { type ClusterInput, clusterSchema, type NodeInput, nodeSchema, type SharedInput } from './schema.ts'

export type { KeyspaceSettings } from './keyspaces.ts'

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
  readonly unsaid: Unsaid
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
  // Each node reads it for itself; what is wrong with it is said here, where the user wrote it.
  if (tokenFile !== undefined) readSecret(resolve(folder, tokenFile), parsed.place, tokenPath)
  return {
    cluster: value.cluster,
    nodes: value.nodes,
    port: value.port,
    host: value.host,
    data,
    restart: value.restart,
    tokenFile: tokenFile === undefined ? undefined : resolve(folder, tokenFile),
    unsaid: unsaidOf(value.keyspaces),
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
    secret: readSecret(resolve(folder, value.secretFile), place, ['secretFile']),
    token: tokenFile === undefined ? undefined : readSecret(resolve(folder, tokenFile), place, tokenPath),
    logFile: value.logFile === undefined ? undefined : resolve(folder, value.logFile),
    ...settle(value, members.length, place),
  }
}

function settle(input: NodeInput | ClusterInput, nodes: number, place: (path: Path) => string): Settings {
  const { transactions, faults, deadlineMs, limits } = input
  const keyspaces = settleKeyspaces(input.keyspaces, nodes, (name, setting, problem) => {
    if (problem === undefined) return
    const path = ['keyspaces', name, setting]
    throw new ConfigError([`${place(path)}: ${path.join('.')}: ${problem}`])
  })
  return { keyspaces, transactions, faults, deadlineMs, limits }
}

function readYaml<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  shown: string,
): Parsed<z.output<Schema>> {
  return parseYaml(schema, readText(path, shown), shown)
}

const tokenPath: Path = ['access', 'tokenFile']

function readSecret(path: string, place: (path: Path) => string, at: Path): string {
  const said = `${place(at)}: ${at.join('.')}: ${path}`
  const secret = readText(path, said).trim()
  if (secret.length >= 16) return secret
  throw new ConfigError([`${said} must hold at least 16 characters (try: openssl rand -hex 32)`])
}

const whyUnread: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
}

/** Throws `ConfigError`, which begins with `shown`. */
function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new ConfigError([`${shown}: ${whyUnread[code] ?? message}`])
  }
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
