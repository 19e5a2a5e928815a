/** Networks that are cut on purpose, under load: strict serializability holds, and after the cut everything finishes. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { RealCluster, until } from './cluster.fixture.ts'
import { expectSound, historyFolder, keyOf, put, record, underWay } from './histories.fixture.ts'
import { call } from './shop.fixture.ts'

const folder = historyFolder()
let cluster: RealCluster
beforeAll(async () => {
  cluster = await RealCluster.start('--faults')
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await cluster?.destroy()
})
afterEach(async () => {
  expect((await cluster.cli('fault', 'reset')).code).toBe(0)
})

async function fault(order: object): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify(order)
  const response = await fetch(`${cluster.dashboard}/api/faults`, { method: 'POST', headers, body })
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
}

test.for([
  ['register', false],
  ['append', false],
  ['append', true],
] as const)('%s while a leader is cut off (one way: %s)', async ([workload, oneWay]) => {
  const leader = await cluster.leaderOf('kv.1')
  const others = ['n1', 'n2', 'n3'].filter(id => id !== leader)
  const watcher = Number(others[0]?.slice(1)) - 1
  const history = join(folder, `${workload}-${oneWay}.jsonl`)
  const recorded = record(workload, cluster.url(watcher), history, 12)
  await underWay(cluster, 'kv.1', watcher)
  await fault({ kind: 'partition', sides: [[leader], others], oneWay })
  await until('another leads', async () => (await cluster.leaderOf('kv.1', watcher)) !== leader)
  await underWay(cluster, 'kv.1', watcher)
  await fault({ kind: 'heal' })
  await expectSound((await recorded)(), history)
  await cluster.verified()
})

test('a leader that is cut off answers no read from the past', async () => {
  const leader = await cluster.leaderOf('kv.2')
  const others = ['n1', 'n2', 'n3'].filter(id => id !== leader)
  const cutOff = Number(leader.slice(1)) - 1
  const watcher = Number(others[0]?.slice(1)) - 1
  const key = await keyOf(cluster, 'kv.2')
  await put(cluster.url(watcher), key, 'old')
  await fault({ kind: 'partition', sides: [[leader], others] })
  await until('another leads', async () => (await cluster.leaderOf('kv.2', watcher)) !== leader)
  await put(cluster.url(watcher), key, 'new')
  const asked = Promise.all(
    Array.from({ length: 20 }, () => call('GET', `${cluster.url(cutOff)}/kv/kv/${key}`)),
  )
  // Long enough for an answer that asks nobody.
  await Promise.race([asked, new Promise(resolve => setTimeout(resolve, 1_000))])
  await fault({ kind: 'heal' })
  for (const answer of await asked) expect(answer).toMatchObject({ status: 200, body: { value: 'new' } })
  await cluster.verified()
})

test('lost, late and doubled messages change nothing but the time it takes', async () => {
  const history = join(folder, 'lossy.jsonl')
  const recorded = record('append', cluster.url(0), history, 10)
  await fault({ kind: 'drop', probability: 0.05, seed: 7 })
  await fault({ kind: 'duplicate', probability: 0.1, seed: 8 })
  await fault({ kind: 'delay', probability: 0.2, delayMs: 20, jitterMs: 20, seed: 9 })
  await expectSound((await recorded)(), history)
  expect((await cluster.cli('fault', 'reset')).code).toBe(0)
  await cluster.verified()
})
