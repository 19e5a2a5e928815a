/** `cluster load` beside a test: what its users got, and whether the history that they recorded can be explained. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { locate, type ShardMap } from '@synod/actors'
import { cli, type GroupView, main, root, until } from './cluster.fixture.ts'

/** Nodes by number, as `RealCluster` and `Nodes` have them. */
export interface Reachable {
  url(node: number): string
  groups(node: number): Promise<readonly GroupView[]>
}

/** Not in a cluster's folder: commands that name that one count as its processes, and are killed with them. */
export function historyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'synod-history-'))
}

export type WorkloadName = 'bank' | 'shop' | 'append' | 'register'

export interface LoadOptions {
  readonly users?: number
  readonly keys?: number
  /** register and append. */
  readonly history?: string
  /** Of orders made beforehand there can be too few. */
  readonly create?: boolean
}

/** So many that there are some in every group: with 6 keys in 3 groups one run in 11 leaves a group without any. */
const enoughKeys = 24
/** Longer than anything here lasts: a load is told when to end. */
const seconds = 3_600

/** What fails leaves its load behind; it ends with us. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A load that has begun. A failure is kept, and thrown when the end is asked for. */
export class Load {
  readonly #closed: Promise<number>
  readonly #options: LoadOptions
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''
  #code: number | undefined

  constructor(workload: WorkloadName, url: string, options: LoadOptions) {
    this.#options = options
    const { users = 12, keys = enoughKeys, history, create } = options
    const args = ['load', workload, '--url', url, '--seconds', `${seconds}`, '--users', `${users}`]
    args.push('--keys', String(keys), ...(history === undefined ? [] : ['--history', history]))
    if (create === true) args.push('--create')
    const child = spawn(process.execPath, [main, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    running.add(child)
    child.stdout.on('data', (data: Buffer) => {
      this.#stdout += data.toString()
    })
    child.stderr.on('data', (data: Buffer) => {
      this.#stderr += data.toString()
    })
    this.#closed = new Promise(resolve => {
      child.once('error', error => {
        this.#stderr += error.message
      })
      child.once('close', code => {
        running.delete(child)
        this.#code = code ?? -1
        resolve(this.#code)
      })
    })
  }

  /** Resolves when users have done something. */
  async underWay(): Promise<void> {
    await until('the load is under way', () => this.#code !== undefined || this.steps() > 0)
    if (this.#code !== undefined) throw new Error(`load ended too early: ${this.#said()}`)
  }

  /** Done so far, up to the last full second. */
  steps(): number {
    return [...this.#stderr.matchAll(/^ *\d+ s +(\d+) /gm)].reduce((sum, [, done]) => sum + Number(done), 0)
  }

  /**
   * Lets users do a little more, ends it, and returns the steps that were done. Throws when it failed, found a
   * violation, or its history cannot be explained.
   */
  async end(more = 50): Promise<number> {
    const before = this.steps()
    await until('the load goes on', () => this.#code !== undefined || this.steps() >= before + more)
    this.#child.kill('SIGINT')
    const code = await this.#closed
    assert.equal(code, 0, `load ended with ${code}: ${this.#said()}`)
    if (this.#options.history !== undefined) await checkHistory(this.#options.history)
    const done = Number(/^outcomes\s+(\d+) ok/m.exec(this.#stdout)?.[1])
    assert.ok(done > 0, `the load has done nothing: ${this.#said()}`)
    return done
  }

  #said(): string {
    return `${this.#stderr}${this.#stdout}`
  }
}

/** There is an order that explains what all users saw. */
async function checkHistory(file: string): Promise<void> {
  const { code, stdout, stderr } = await cli('verify', '--history', file)
  if (code === 0) return
  const kept = join(tmpdir(), `synod-unsound-${Date.now()}.jsonl`)
  copyFileSync(file, kept)
  throw new Error(`${stdout}${stderr}the history is kept as ${kept}`)
}

/** Until the load has reached the group, as a node sees it. */
export async function reached(cluster: Reachable, group: string, node: number): Promise<void> {
  const applied = async () => (await cluster.groups(node)).find(one => one.group === group)?.applied ?? 0
  const before = await applied()
  await until('the load has reached the group', async () => (await applied()) > before + 20)
}

/** A key that lies in this group. */
export async function keyOf(cluster: Reachable, group: string): Promise<string> {
  const map = (await (await fetch(`${cluster.url(0)}/admin/map`)).json()) as ShardMap
  for (let number = 0; ; number++) {
    if (locate(map, 'kv', `key${number}`)?.group === group) return `key${number}`
  }
}

export async function put(url: string, key: string, value: unknown): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const response = await fetch(`${url}/kv/kv/${key}`, { method: 'PUT', headers, body: JSON.stringify(value) })
  assert.equal(response.status, 200, `PUT ${key}: ${await response.text()}`)
}

/** Begins a load. Resolves when its users have done something; rejects when it ended before. */
export async function startLoad(workload: WorkloadName, url: string, options: LoadOptions): Promise<Load> {
  const load = new Load(workload, url, options)
  await load.underWay()
  return load
}
