/** A local cluster: its data folder, its node processes, the base port, and an orderly end. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { clusterCommand } from '../config/command.ts'
import { type ClusterConfig, isLoopback, joinEndpoint } from '../config/config.ts'
import { adminToken } from '../node/access.ts'
import { exitCode, Failure } from '../node/failure.ts'
import { listen } from '../node/listen.ts'
import { openDoor } from '../node/process.ts'
import { baseServer } from './base-server.ts'
import * as folder from './data-folder.ts'
import { explainDisk, noSpaceOn } from './disk.ts'
import { Faults } from './faults.ts'
import { type ClusterView, launcherApp } from './http.ts'
import { type Led, ledBy } from './leaders.ts'
import { NodeProcess } from './node-process.ts'
import { refuseTakenPorts } from './port.ts'
import { allGone, processId, signal } from './process-id.ts'
import { rulePort } from './rule-port.ts'

/** Nodes read their logs first: those of a million orders that were prepared at once took them half a minute. */
const readyWithinMs = 120_000
const stopWithinMs = 5000

export interface StartOptions {
  readonly fresh: boolean
}

export class Launcher {
  readonly config: ClusterConfig
  readonly cluster: string
  readonly nodes: readonly NodeProcess[]
  readonly adminToken: string
  /** Undefined unless the cluster was started for faults. */
  readonly faults: Faults | undefined
  readonly #server: Server
  readonly #waiting = new Set<() => void>()
  #stopping: Promise<void> | undefined
  /** Why the folder does not say how the cluster is now. */
  #unnoted: Error | undefined

  /** Starts all, and resolves when every node is ready. Throws `Failure` after cleaning up. */
  static async start(config: ClusterConfig, options: StartOptions): Promise<Launcher> {
    if (!isLoopback(config.host) && config.tokenFile === undefined) {
      throw new Failure(openDoor(config.host), exitCode.usage)
    }
    folder.takeFolder(config.data)
    let launcher: Launcher | undefined
    try {
      await endLeftovers(config.data)
      // A start that is refused leaves the folder as it was: nothing written, nothing removed.
      await refuseTakenPorts(config)
      if (options.fresh) folder.empty(config.data)
      launcher = new Launcher(config)
      await listen(launcher.#server, config.host, config.port)
      await launcher.#startNodes()
      return launcher
    } catch (error) {
      await launcher?.stop()
      folder.forgetRunning(config.data)
      throw explainDisk(error, config.data)
    }
  }

  private constructor(config: ClusterConfig) {
    this.config = config
    const layout = folder.settleLayout(config.data, config)
    const secretFile = folder.settleSecret(config.data)
    this.cluster = layout.cluster
    this.adminToken = adminToken(readFileSync(secretFile, 'utf8').trim())
    this.nodes = layout.nodes.map((id, index) => {
      const port = config.port + index + 1
      const own = folder.nodeFolder(config.data, id)
      const configFile = join(own, 'node.yaml')
      writeFileSync(configFile, nodeYaml(config, layout, id, secretFile))
      const url = `http://${joinEndpoint(reachable(config.host), port)}`
      const logFile = join(own, 'node.log')
      const listen = { host: config.host, port }
      const remedy = `then: ${clusterCommand} stop --data ${config.data}, and start the cluster as before`
      const spec = { id, url, configFile, logFile, listen, remedy, restart: config.restart }
      return new NodeProcess(spec, changed => this.#changed(changed))
    })
    this.faults = config.faults ? new Faults(this.nodes, rulePort(this.adminToken)) : undefined
    this.#server = baseServer(launcherApp(this), this.adminToken)
  }

  view(): ClusterView {
    return {
      cluster: this.cluster,
      data: this.config.data,
      launcherPid: process.pid,
      faultsAllowed: this.faults !== undefined,
      faults: this.faults?.list() ?? [],
      nodes: this.nodes.map(node => node.status()),
    }
  }

  led(): Promise<Led> {
    return ledBy(this.nodes, this.adminToken)
  }

  get dashboard(): string {
    return `http://${joinEndpoint(reachable(this.config.host), this.config.port)}`
  }

  node(id: string): NodeProcess | undefined {
    return this.nodes.find(node => node.spec.id === id)
  }

  running(): folder.RunningCluster {
    return {
      cluster: this.cluster,
      dashboard: this.dashboard,
      data: this.config.data,
      launcher: processId(process.pid),
      nodes: this.nodes.map(({ spec, process: own }) => ({
        id: spec.id,
        url: spec.url,
        process: own ?? { pid: 0, began: '' },
      })),
      faults: this.config.faults,
      adminToken: this.adminToken,
    }
  }

  /** Leaves no process behind. */
  stop(): Promise<void> {
    // A step later: what changes from here on is not noted any more.
    this.#stopping ??= Promise.resolve().then(() => this.#stopAll())
    return this.#stopping
  }

  async #stopAll(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.stop(stopWithinMs)))
    folder.forgetRunning(this.config.data)
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #startNodes(): Promise<void> {
    for (const node of this.nodes) node.start()
    const deadline = performance.now() + readyWithinMs
    while (this.#unnoted !== undefined || this.nodes.some(node => node.state !== 'ready')) {
      if (this.#unnoted !== undefined) throw this.#unnoted
      const broken = this.nodes.find(node => node.state === 'refused' || node.state === 'waiting')
      if (broken !== undefined) throw noSpaceOn(this.config.data) ?? new Failure(whyNot(broken))
      const left = deadline - performance.now()
      if (left <= 0) throw new Failure(this.#lateNodes())
      await this.#change(left)
    }
  }

  #lateNodes(): string {
    const late = this.nodes.filter(node => node.state !== 'ready').map(node => node.spec.id)
    return `${late.join(', ')} not ready within ${readyWithinMs / 1000} s; see ${join(this.config.data, 'n1', 'node.log')}`
  }

  #change(withinMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, withinMs)
      this.#waiting.add(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #changed(node: NodeProcess): void {
    if (this.#stopping === undefined) this.#note()
    if (node.state === 'ready') void this.faults?.restore(node).catch(error => report(node, error))
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** A disk that is full fails a start; a cluster that runs goes on, and notes the next change. */
  #note(): void {
    try {
      folder.writeRunning(this.config.data, this.running())
      this.#unnoted = undefined
    } catch (error) {
      this.#unnoted = error instanceof Error ? error : new Error(String(error))
      process.stderr.write(`cluster.json could not be written: ${this.#unnoted.message}\n`)
    }
  }
}

/** The node is on its way down again, or it will be ready once more and get its rules then. */
function report(node: NodeProcess, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${node.spec.id} could not be given its fault rules: ${reason}\n`)
}

function whyNot(node: NodeProcess): string {
  if (node.state === 'refused') return `${node.spec.id}: ${node.detail}`
  return `${node.spec.id} did not start (${node.detail}):\n${tail(node.spec.logFile, 12)}`
}

function tail(file: string, lines: number): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}

/** Nodes of a launcher that was killed end by themselves, unless they were paused then. */
async function endLeftovers(data: string): Promise<void> {
  const left = folder.readRunning(data)?.nodes.map(node => node.process) ?? []
  for (const id of left) {
    signal(id, 'SIGCONT')
    signal(id, 'SIGKILL')
  }
  if (!(await allGone(left, stopWithinMs))) {
    throw new Failure(
      `processes ${left.map(id => id.pid).join(', ')} of an earlier start do not end; kill them first`,
    )
  }
}

/** Where clients on this machine find what listens on every address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

function nodeYaml(config: ClusterConfig, layout: folder.Layout, id: string, secretFile: string): string {
  const { transactions, faults, deadlineMs, limits, tokenFile } = config
  const port = (index: number) => config.port + index + 1
  const members = layout.nodes.map((node, index) => [node, joinEndpoint(reachable(config.host), port(index))])
  return stringify({
    cluster: layout.cluster,
    node: id,
    listen: joinEndpoint(config.host, port(layout.nodes.indexOf(id))),
    members: Object.fromEntries(members),
    data: '.',
    secretFile,
    keyspaces: layout.keyspaces,
    transactions,
    faults,
    deadlineMs,
    limits,
    access: tokenFile === undefined ? {} : { tokenFile },
  })
}
