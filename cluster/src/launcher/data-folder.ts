/**
 * The data folder of a local cluster: what it was made with, who runs on it, and the secret.
 *
 *   layout.json    what the data was made with: cluster id, nodes, keyspaces; what a configuration says must fit it
 *   cluster.json   the cluster that runs here now: where it listens, its processes (mode 0600: holds the admin token)
 *   launcher.lock  the launcher's process
 *   secret         by which nodes know each other (mode 0600)
 *   n1/ n2/ …      a node's store, configuration and log
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { clusterCommand } from '../config/command.ts'
import type { ClusterConfig, KeyspaceSettings } from '../config/config.ts'
import { changedSettings, written } from '../config/keyspaces.ts'
import { createDurably, writeDurably } from '../node/durable-file.ts'
import { codeOf, exitCode, Failure, writableFolder } from '../node/failure.ts'
import { explainDisk } from './disk.ts'
import { isAlive, type ProcessId, processId } from './process-id.ts'

export interface Layout {
  readonly format: 1
  readonly cluster: string
  readonly nodes: readonly string[]
  readonly keyspaces: Readonly<Record<string, KeyspaceSettings>>
}
export interface RunningNodeEntry {
  readonly id: string
  readonly url: string
  readonly process: ProcessId
}
export interface RunningCluster {
  readonly cluster: string
  readonly dashboard: string
  readonly data: string
  readonly launcher: ProcessId
  readonly nodes: readonly RunningNodeEntry[]
  readonly faults: boolean
  readonly adminToken: string
}

const files = { layout: 'layout.json', running: 'cluster.json', lock: 'launcher.lock', secret: 'secret' }
const logFile = 'launcher.log'
const ours = /^n\d+$/

export function readRunning(data: string): RunningCluster | undefined {
  const path = join(data, files.running)
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RunningCluster
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error
    throw new Failure(`${path} may not be read by this user; it belongs to ${ownerOf(path)}`)
  }
}

/** By name where the system knows one. */
export function ownerOf(path: string, users = '/etc/passwd'): string {
  const uid = String(statSync(path).uid)
  const lines = existsSync(users) ? readFileSync(users, 'utf8').split('\n') : []
  return lines.map(line => line.split(':')).find(fields => fields[2] === uid)?.[0] ?? `user ${uid}`
}

export function writeRunning(data: string, running: RunningCluster): void {
  writeJson(join(data, files.running), running)
}
export function forgetRunning(data: string): void {
  rmSync(join(data, files.running), { force: true })
  rmSync(join(data, files.lock), { force: true })
}

/**
 * Throws `Failure` when the folder holds other things: then it was named by mistake, and `--fresh` must not touch it.
 */
export function refuseStrangers(data: string): void {
  if (!existsSync(data) || !statSync(data).isDirectory() || existsSync(join(data, files.layout))) return
  const known = new Set<string>([...Object.values(files), logFile])
  // A file that could not be written whole, for want of room or power, has the writer's process in its name.
  const stranger = readdirSync(data).find(name => !known.has(name.replace(/\.\d+$/, '')))
  if (stranger === undefined) return
  throw new Failure(`${data} is not a data folder of Synod: it holds ${stranger}; choose another with --data`)
}

/** Takes the folder for this process; throws `Failure` when a launcher runs on it. */
export function takeFolder(data: string): void {
  refuseStrangers(data)
  writableFolder(data)
  const lock = join(data, files.lock)
  const holder = lockHolder(data)
  if (holder !== undefined) {
    const url = readRunning(data)?.dashboard ?? `process ${holder.pid}`
    throw new Failure(
      `a cluster runs already on ${data} (${url}); end it with: ${clusterCommand} stop --data ${data}`,
    )
  }
  rmSync(lock, { force: true })
  try {
    createDurably(lock, JSON.stringify(processId(process.pid)))
  } catch (error) {
    throw explainDisk(error, data)
  }
}

/** The launcher that runs on this folder. */
export function lockHolder(data: string): ProcessId | undefined {
  const path = join(data, files.lock)
  if (!existsSync(path)) return undefined
  const holder = JSON.parse(readFileSync(path, 'utf8')) as ProcessId
  return isAlive(holder) ? holder : undefined
}

/** Removes the nodes' data, and nothing that is not ours. */
export function empty(data: string): void {
  for (const name of readdirSync(data)) {
    if (ours.test(name)) rmSync(join(data, name), { recursive: true, force: true })
  }
  for (const name of [files.layout, files.running, files.secret]) rmSync(join(data, name), { force: true })
}

/** Undefined in a folder that was never used. */
export function readLayout(data: string): Layout | undefined {
  const path = join(data, files.layout)
  if (!existsSync(path)) return undefined
  const layout = JSON.parse(readFileSync(path, 'utf8')) as Layout
  // Folders made before shards could share a group do not say it: each shard had its own.
  const keyspaces = Object.entries(layout.keyspaces).map(([name, made]) => [
    name,
    { ...made, groups: made.groups ?? made.shards },
  ])
  return { ...layout, keyspaces: Object.fromEntries(keyspaces) as Layout['keyspaces'] }
}

/** The layout of this folder; made at the first start. Throws `Failure` when the configuration does not fit it. */
export function settleLayout(data: string, config: ClusterConfig): Layout {
  const path = join(data, files.layout)
  const nodes = Array.from({ length: config.nodes }, (_, index) => `n${index + 1}`)
  const layout = readLayout(data)
  if (layout === undefined) {
    const cluster = config.cluster ?? `synod-${randomBytes(4).toString('hex')}`
    const made: Layout = { format: 1, cluster, nodes, keyspaces: config.keyspaces }
    writeJson(path, made)
    return made
  }
  const misfit = misfitOf(layout, nodes, config)
  if (misfit === undefined) return layout
  throw new Failure(
    `${data} was made ${misfit}, or else another --data, or --fresh, which deletes the data`,
    exitCode.usage,
  )
}

/** How the folder was made, and what would fit it. */
function misfitOf(layout: Layout, nodes: readonly string[], config: ClusterConfig): string | undefined {
  if (layout.nodes.length !== nodes.length) {
    return `with ${layout.nodes.length} nodes, not ${nodes.length}; give the same`
  }
  if (config.cluster !== undefined && config.cluster !== layout.cluster) {
    return `for cluster ${layout.cluster}, not ${config.cluster}; give the same`
  }
  const asked = withMade(layout, config)
  const strange = Object.keys(asked).find(name => layout.keyspaces[name] === undefined)
  if (strange !== undefined) return `without keyspace ${strange}; leave it out`
  const differing = Object.entries(layout.keyspaces).flatMap(([name, made]) => {
    const changed = changedSettings(made, asked[name])
    return Object.keys(changed).length === 0 ? [] : [[name, changed] as const]
  })
  if (differing.length === 0) return undefined
  return `with other settings; give ${written(Object.fromEntries(differing))} in the configuration`
}

/** What a configuration leaves to the defaults stays as the data was made, whatever the defaults are now. */
function withMade(layout: Layout, { keyspaces, unsaid }: ClusterConfig): Layout['keyspaces'] {
  const fitted = Object.entries(keyspaces).map(([name, asked]) => {
    const made = layout.keyspaces[name]
    const kept = made === undefined ? [] : (unsaid[name] ?? []).map(setting => [setting, made[setting]])
    return [name, { ...asked, ...Object.fromEntries(kept) }]
  })
  return Object.fromEntries(fitted) as Layout['keyspaces']
}

/** The cluster's secret; made at the first start. */
export function settleSecret(data: string): string {
  const path = join(data, files.secret)
  if (!existsSync(path)) createDurably(path, `${randomBytes(32).toString('hex')}\n`)
  return path
}

export function nodeFolder(data: string, node: string): string {
  const folder = join(data, node)
  mkdirSync(folder, { recursive: true })
  return folder
}
export function launcherLog(data: string): string {
  return join(data, logFile)
}

function writeJson(path: string, value: unknown): void {
  writeDurably(path, `${JSON.stringify(value, null, 2)}\n`)
}
