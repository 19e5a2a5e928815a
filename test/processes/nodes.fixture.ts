/** Nodes that nobody launched: one process per configuration file, as on machines of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminToken } from '../../cluster/src/node/access.ts'
import { verifyCluster } from '../../cluster/src/verify/verify.ts'
import { cli, type GroupView, main, until } from './cluster.fixture.ts'

export interface NodesOptions {
  /** Node → `host:port`. */
  readonly members: Readonly<Record<string, string>>
  /** Where a node keeps its data. Default: a folder of its own beside its configuration. */
  readonly data?: (id: string) => string
  /** The program and what comes before the configuration file. Default: `cluster node --config`. */
  readonly command?: (id: string) => readonly string[]
  /** More of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Whether nodes are on other machines than the test, as far as they can tell. */
  readonly elsewhere?: boolean
}

export interface RunningNode {
  readonly pid: number
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
  /** All it has printed so far. */
  said(): string
}

export interface Standing {
  readonly incarnation: string
  /** It came back with less than it had said: set for as long as this incarnation lives. */
  readonly amnesiac: boolean
  readonly turn: number
}

const secret = 'a secret that all nodes of a test share'
export const token = 'a token that callers show'

export class Nodes {
  readonly folder = mkdtempSync(join(tmpdir(), 'synod-nodes-'))
  readonly ids: readonly string[]
  readonly #options: NodesOptions
  readonly #running = new Map<string, { child: ChildProcess; node: RunningNode }>()

  constructor(options: NodesOptions) {
    this.#options = options
    this.ids = Object.keys(options.members)
    writeFileSync(join(this.folder, 'secret'), `${secret}\n`)
    writeFileSync(join(this.folder, 'token'), `${token}\n`)
    for (const id of this.ids) this.configure(id)
  }

  configure(id: string, more: Readonly<Record<string, unknown>> = {}): void {
    const { members, config } = this.#options
    const shared = { cluster: 'test', node: id, members, data: this.data(id), secretFile: 'secret' }
    mkdirSync(this.data(id), { recursive: true })
    writeFileSync(this.file(id), JSON.stringify({ ...shared, ...config, ...more }))
  }

  file(id: string): string {
    return join(this.folder, `${id}.yaml`)
  }
  data(id: string): string {
    return this.#options.data?.(id) ?? join(this.folder, id)
  }

  /** What the nodes want to be shown by somebody who may see and do all. */
  get token(): string | undefined {
    return this.#options.elsewhere === true ? adminToken(secret) : undefined
  }

  /** `GET` of what only administrators see; the JSON of a good answer. */
  async admin(url: URL): Promise<unknown> {
    const headers = this.token === undefined ? {} : { Authorization: `Bearer ${this.token}` }
    const response = await fetch(url, { headers })
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    return response.json()
  }

  /** By id, or by number as clusters count. */
  url(node: string | number): string {
    const id = typeof node === 'number' ? (this.ids[node % this.ids.length] ?? '') : node
    return `http://${this.#options.members[id]}`
  }

  start(id: string, env: Readonly<Record<string, string>> = {}): RunningNode {
    const { command = () => [process.execPath, main, 'node', '--config'] } = this.#options
    const [program = '', ...args] = [...command(id), this.file(id)]
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        said += data.toString()
      })
    }
    // When its pipes are closed: then all it said is here.
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code => {
        if (this.#running.get(id)?.child === child) this.#running.delete(id)
        resolve(code)
      })
    })
    const node = { pid: child.pid ?? 0, ended, said: () => said }
    this.#running.set(id, { child, node })
    return node
  }

  async startAll(env: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const id of this.ids) this.start(id, env)
    await this.allReady()
  }

  running(id: string): RunningNode | undefined {
    return this.#running.get(id)?.node
  }

  /** By default as an operator does; SIGKILL as fate does. Resolves when the process is gone. */
  async stop(id: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const running = this.#running.get(id)
    running?.child.kill(signal)
    await running?.node.ended
  }

  async stopAll(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await Promise.all(this.ids.map(id => this.stop(id, signal)))
  }

  async ready(id: string): Promise<void> {
    await this.reaches(
      id,
      `${id} is ready`,
      async () => (await fetch(`${this.url(id)}/readyz`)).status === 200,
    )
  }

  /** Waits until a node is so. Throws what it printed as soon as its process ends instead. */
  async reaches(id: string, what: string, isSo: () => Promise<boolean>): Promise<void> {
    const node = this.running(id)
    await until(what, async () => this.running(id) === undefined || (await isSo()))
    if (this.running(id) === undefined) throw new Error(`${id} ended: ${node?.said()}`)
  }

  async allReady(): Promise<void> {
    await Promise.all(this.ids.map(id => this.ready(id)))
  }

  async groups(node: string | number): Promise<readonly GroupView[]> {
    return (await this.admin(new URL('/admin/groups', this.url(node)))) as readonly GroupView[]
  }

  async standing(node: string | number): Promise<Standing> {
    return (await this.admin(new URL('/admin/status', this.url(node)))) as Standing
  }

  /** What `verify` says of the data; throws unless it is proved. */
  async verified(): Promise<void> {
    const shown = this.token === undefined ? [] : ['--token', this.token]
    const { code, stdout, stderr } = await cli('verify', '--wait', '60', '--url', this.url(0), ...shown)
    if (code !== 0) throw new Error(`verify ended with ${code}: ${stdout}${stderr}`)
  }

  /** The same without a process of its own, and without what only the shop has. */
  async soundness(): Promise<string> {
    const nodes = this.ids.map(id => ({ id, url: this.url(id) }))
    const get = (url: string) => this.admin(new URL(url))
    const { verdict, findings } = await verifyCluster({ nodes, get }, { patienceMs: 60_000, rows: false })
    return verdict === 'ok' ? 'ok' : JSON.stringify(findings)
  }

  async destroy(): Promise<void> {
    await this.stopAll()
    rmSync(this.folder, { recursive: true })
  }
}

/** Three members on this machine. */
export function localMembers(base: number): Readonly<Record<string, string>> {
  return { n1: `127.0.0.1:${base + 1}`, n2: `127.0.0.1:${base + 2}`, n3: `127.0.0.1:${base + 3}` }
}
