/** Processes that die or freeze under load: nothing acknowledged is lost, and histories stay linearizable. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { cli, RealCluster, until } from './cluster.fixture.ts'
import { inParallel, Shop } from './shop.fixture.ts'

let cluster: RealCluster | undefined
/** Not in the cluster's folder: commands that name that one count as its processes, and are killed with them. */
const folder = mkdtempSync(join(tmpdir(), 'synod-history-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(async () => {
  await cluster?.destroy()
  cluster = undefined
})

interface Line {
  readonly call: number
  readonly outcome: string
}

async function recordRegisters(url: string, file: string, seconds: number): Promise<readonly Line[]> {
  const args = ['--url', url, '--users', '12', '--keys', '6', '--seconds', String(seconds), '--history', file]
  const { code, stderr } = await cli('load', 'register', ...args)
  if (code !== 0) throw new Error(`load ended with ${code}: ${stderr}`)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.map(line => JSON.parse(line) as Line)
}

/** Awaited later: a failure before then is kept, and thrown when it is asked for. */
async function settled<T>(work: Promise<T>): Promise<() => T> {
  const [result] = await Promise.allSettled([work])
  return () => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  }
}

async function expectLinearizable(file: string): Promise<void> {
  expect(await cli('verify', '--history', file)).toMatchObject({ code: 0 })
}

test('kill -9 of all processes at once under load: after a restart nothing acknowledged is missing', async () => {
  cluster = await RealCluster.start()
  const shop = new Shop(cluster)
  const many = 4_000
  await shop.must(shop.post('/payment/batch_init/100/1000000'))
  await shop.must(shop.post('/stock/batch_init/100/1000000/2'))
  await shop.must(shop.post(`/orders/batch_init/${many}/100/100/2`))
  const history = join(folder, 'killed.jsonl')
  const recorded = settled(recordRegisters(cluster.url(0), history, 12))
  const acknowledged = await sellUntilKilled(cluster, shop, many, 300)
  await cluster.start()
  const paid = await inParallel(
    32,
    acknowledged.map(order => () => shop.paid(order)),
  )
  expect(acknowledged.filter((_, at) => paid[at] !== true)).toEqual([])
  // Calls that were open at the crash are sent again by the client library, with the same ids.
  const lines = (await recorded)()
  expect(lines.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(100)
  await expectLinearizable(history)
  await cluster.verified()
})

/** Kills everything after `enough` acknowledged checkouts; returns the orders of which clients were told. */
async function sellUntilKilled(
  of: RealCluster,
  shop: Shop,
  orders: number,
  enough: number,
): Promise<string[]> {
  const acknowledged: string[] = []
  let killed: Promise<void> | undefined
  const sell = async (order: string) => {
    if (killed !== undefined) return
    try {
      const { status } = await shop.post(`/orders/checkout/${order}`)
      if (status === 200) acknowledged.push(order)
    } catch (error) {
      // Lost with the process that was killed: nobody was told anything.
      if (killed === undefined) throw error
    }
    if (acknowledged.length >= enough) killed ??= of.killAll()
  }
  await inParallel(
    32,
    Array.from({ length: orders }, (_, order) => () => sell(String(order))),
  )
  expect(killed).toBeDefined()
  await killed
  return acknowledged
}

test('a leader that is stopped for 3 s and goes on serves nothing of the past', async () => {
  cluster = await RealCluster.start()
  const history = join(folder, 'stopped.jsonl')
  const recorded = settled(recordRegisters(cluster.url(0), history, 12))
  const leader = await cluster.leaderOf('kv.0')
  const others = [0, 1, 2].filter(node => `n${node + 1}` !== leader)
  await untilUnderWay(cluster, 'kv.0', others[0] ?? 0)
  const pid = await cluster.signal(leader, 'SIGSTOP')
  const stopped = performance.now()
  try {
    await until('another leads', async () => (await cluster?.leaderOf('kv.0', others[0])) !== leader)
    await new Promise(resolve => setTimeout(resolve, Math.max(0, 3_000 - (performance.now() - stopped))))
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const lines = (await recorded)()
  expect(lines.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(100)
  await expectLinearizable(history)
  await cluster.verified()
})

/** Until the load has reached the group. */
async function untilUnderWay(of: RealCluster, group: string, node: number): Promise<void> {
  const applied = async () => (await of.groups(node)).find(one => one.group === group)?.applied ?? 0
  const before = await applied()
  await until('the load is under way', async () => (await applied()) > before + 20)
}
