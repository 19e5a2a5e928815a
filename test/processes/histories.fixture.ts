/** Histories that `cluster load` records of a real cluster, and `cluster verify --history` checks. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { locate, type ShardMap } from '@synod/actors'
import { expect } from 'vitest'
import { cli, type RealCluster, until } from './cluster.fixture.ts'

/** Not in a cluster's folder: commands that name that one count as its processes, and are killed with them. */
export function historyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'synod-history-'))
}

interface Line {
  readonly outcome: string
}

/** Begins at once. Awaited later: a failure before then is kept, and thrown when the result is asked for. */
export async function record(
  workload: 'register' | 'append',
  url: string,
  file: string,
  seconds: number,
): Promise<() => readonly Line[]> {
  const args = ['--users', '12', '--keys', '6', '--seconds', String(seconds), '--history', file]
  const { code, stderr } = await cli('load', workload, '--url', url, ...args)
  return () => {
    if (code !== 0) throw new Error(`load ended with ${code}: ${stderr}`)
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return lines.map(line => JSON.parse(line) as Line)
  }
}

/** A history that shows enough, and has an order that explains it. */
export async function expectSound(lines: readonly Line[], file: string): Promise<void> {
  expect(lines.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(50)
  const { code, stdout } = await cli('verify', '--history', file)
  if (code !== 0) throw new Error(`the history is not sound: ${stdout}\n${readFileSync(file, 'utf8')}`)
}

/** Until the load has reached the group, as a node sees it. */
export async function underWay(of: RealCluster, group: string, node: number): Promise<void> {
  const applied = async () => (await of.groups(node)).find(one => one.group === group)?.applied ?? 0
  const before = await applied()
  await until('the load is under way', async () => (await applied()) > before + 20)
}

/** A key that lies in this group. */
export async function keyOf(of: RealCluster, group: string): Promise<string> {
  const map = (await (await fetch(`${of.url(0)}/admin/map`)).json()) as ShardMap
  for (let number = 0; ; number++) {
    if (locate(map, 'kv', `key${number}`)?.group === group) return `key${number}`
  }
}

export async function put(url: string, key: string, value: string): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const response = await fetch(`${url}/kv/kv/${key}`, { method: 'PUT', headers, body: JSON.stringify(value) })
  expect(response.status).toBe(200)
}
