/** A real cluster in a folder of its own, started and stopped by the command line as a user does. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freeBasePort } from '../../cluster/src/launcher/ports.fixture.ts'

export const root = join(import.meta.dirname, '..', '..')
export const main = join(root, 'cluster', 'src', 'cli', 'main.ts')

export interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}
export interface NodeView {
  readonly id: string
  readonly url: string
  readonly pid: number | null
  readonly state: string
}
export interface GroupView {
  readonly group: string
  readonly leader: string | null
  readonly applied: number
  /** The slot whose state is in the rows. */
  readonly flushed: number
}
interface Started {
  readonly dashboard: string
  readonly nodes: readonly { readonly id: string; readonly url: string; readonly pid: number }[]
  readonly data: string
}

/** Runs one command to its end. */
export function cli(...args: readonly string[]): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? -1, stdout, stderr }))
  })
}

export class RealCluster {
  readonly data: string
  readonly port: number
  urls: readonly string[] = []
  dashboard = ''

  static async start(...options: readonly string[]): Promise<RealCluster> {
    const cluster = new RealCluster(await mkdtemp(join(tmpdir(), 'synod-cluster-')), await freeBasePort())
    await cluster.start(...options)
    return cluster
  }

  private constructor(data: string, port: number) {
    this.data = data
    this.port = port
  }

  async start(...options: readonly string[]): Promise<void> {
    const where = ['--data', this.data, '--port', String(this.port)]
    const { code, stdout, stderr } = await cli('start', '--detach', '--json', ...where, ...options)
    if (code !== 0) throw new Error(`start ended with ${code}: ${stderr}${stdout}`)
    const started = JSON.parse(stdout) as Started
    this.urls = started.nodes.map(({ url }) => url)
    this.dashboard = started.dashboard
  }

  /** Throws when `stop` fails or leaves a process behind. */
  async stop(): Promise<void> {
    const { code, stderr } = await cli('stop', '--data', this.data)
    if (code !== 0) throw new Error(`stop ended with ${code}: ${stderr}`)
    const left = this.processes()
    if (left.length > 0)
      throw new Error(`stop left processes behind: ${left.map(({ command }) => command).join('\n')}`)
  }

  /** Ends what still runs, and removes the folder. */
  async destroy(): Promise<void> {
    if (this.processes().length > 0) await this.stop()
    await rm(this.data, { recursive: true })
  }

  /** Every process of this cluster, by its data folder on the command line. */
  processes(): { readonly pid: number; readonly command: string }[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(name => ({ pid: Number(name), command: commandOf(name) }))
      .filter(({ command }) => command.includes(this.data))
  }

  /** `kill -9` of launcher and nodes, all at once. */
  async killAll(): Promise<void> {
    for (const { pid } of this.processes()) process.kill(pid, 'SIGKILL')
    await until('all processes are gone', () => this.processes().length === 0)
  }

  url(node: number): string {
    const url = this.urls[node % this.urls.length]
    if (url === undefined) throw new Error('the cluster has no nodes')
    return url
  }

  async nodes(): Promise<readonly NodeView[]> {
    const response = await fetch(`${this.dashboard}/api/cluster`)
    return ((await response.json()) as { nodes: readonly NodeView[] }).nodes
  }

  /** Sends a signal to a node's process; returns its pid. */
  async signal(node: string, name: NodeJS.Signals): Promise<number> {
    const pid = (await this.nodes()).find(({ id }) => id === node)?.pid
    if (pid === undefined || pid === null) throw new Error(`node ${node} does not run`)
    process.kill(pid, name)
    return pid
  }

  /** As `cluster fault` does; the cluster must have been started with `--faults`. */
  async fault(order: object): Promise<void> {
    const headers = { 'Content-Type': 'application/json' }
    const url = `${this.dashboard}/api/faults`
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(order) })
    if (!response.ok) throw new Error(`${JSON.stringify(order)} is refused: ${await response.text()}`)
  }

  /** Undoes all faults. */
  async mend(): Promise<void> {
    const response = await fetch(`${this.dashboard}/api/faults`, { method: 'DELETE' })
    if (!response.ok) throw new Error(`faults cannot be undone: ${await response.text()}`)
  }

  /** Resolves when every node is ready again. */
  async allReady(): Promise<void> {
    await until('all nodes are ready', async () =>
      (await this.nodes()).every(({ state }) => state === 'ready'),
    )
    for (const url of this.urls) {
      await until(`${url} is ready`, async () => (await fetch(`${url}/readyz`)).status === 200)
    }
  }

  async groups(node: number): Promise<readonly GroupView[]> {
    return (await (await fetch(`${this.url(node)}/admin/groups`)).json()) as readonly GroupView[]
  }

  /** As a node believes, which for a moment may be nobody. */
  async leaderOf(group: string, node = 0): Promise<string> {
    let leader: string | null | undefined
    await until(`${group} has a leader`, async () => {
      leader = (await this.groups(node)).find(one => one.group === group)?.leader
      return typeof leader === 'string'
    })
    return leader ?? ''
  }

  cli(verb: string, ...args: readonly string[]): Promise<CliResult> {
    return cli(verb, ...args, '--data', this.data)
  }

  /** What `verify` says of the data; throws unless it is proved. */
  async verified(): Promise<void> {
    const { code, stdout, stderr } = await this.cli('verify', '--wait', '60', '--json')
    if (code !== 0) throw new Error(`verify ended with ${code}: ${stdout}${stderr}`)
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    // It ended in between.
    return ''
  }
}

/** Waits for a condition; one that throws is not fulfilled yet. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 120_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  let problem: unknown
  while (performance.now() < deadline) {
    try {
      if (await condition()) return
      problem = 'it is false'
    } catch (error) {
      problem = error
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`not within ${withinMs} ms: ${what}: ${problem}`)
}
