/** Processes that die or freeze under load: nothing acknowledged is lost, and histories stay linearizable. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { cli, RealCluster, until } from './cluster.fixture.ts'
import { expectSound, historyFolder, keyOf, put, record, underWay } from './histories.fixture.ts'
import { call, inParallel, Shop } from './shop.fixture.ts'

const folder = historyFolder()
afterAll(() => rmSync(folder, { recursive: true }))
let cluster: RealCluster | undefined
afterEach(async () => {
  await cluster?.destroy()
  cluster = undefined
})

test('kill -9 of all processes at once under load: after a restart nothing acknowledged is missing', async () => {
  cluster = await RealCluster.start()
  const shop = new Shop(cluster)
  const many = 4_000
  await shop.must(shop.post('/payment/batch_init/100/1000000'))
  await shop.must(shop.post('/stock/batch_init/100/1000000/2'))
  await shop.must(shop.post(`/orders/batch_init/${many}/100/100/2`))
  const history = join(folder, 'killed.jsonl')
  const recorded = record('register', cluster.url(0), history, 12)
  const acknowledged = await sellUntilKilled(cluster, shop, many, 300)
  await cluster.start()
  const paid = await inParallel(
    32,
    acknowledged.map(order => () => shop.paid(order)),
  )
  expect(acknowledged.filter((_, at) => paid[at] !== true)).toEqual([])
  // Calls that were open at the crash are sent again by the client library, with the same ids.
  await expectSound((await recorded)(), history)
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
  const recorded = record('register', cluster.url(0), history, 12)
  const leader = await cluster.leaderOf('kv.0')
  const stoppedUrl = cluster.url(Number(leader.slice(1)) - 1)
  const other = [0, 1, 2].find(node => `n${node + 1}` !== leader) ?? 0
  const key = await keyOf(cluster, 'kv.0')
  await put(cluster.url(other), key, 'old')
  await underWay(cluster, 'kv.0', other)
  const pid = await cluster.signal(leader, 'SIGSTOP')
  const stopped = performance.now()
  let asked: Promise<unknown[]> | undefined
  try {
    await until('another leads', async () => (await cluster?.leaderOf('kv.0', other)) !== leader)
    await put(cluster.url(other), key, 'new')
    // They wait in the sockets of the stopped node, which finds them when it wakes.
    asked = Promise.all(Array.from({ length: 20 }, () => call('GET', `${stoppedUrl}/kv/kv/${key}`)))
    await new Promise(resolve => setTimeout(resolve, Math.max(0, 3_000 - (performance.now() - stopped))))
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  for (const answer of await asked) {
    expect(answer).toMatchObject({ status: 200, body: { value: 'new' } })
  }
  await expectSound((await recorded)(), history)
  await cluster.verified()
})

test('transfers go on while each node is killed in turn; no money is lost or made', async () => {
  cluster = await RealCluster.start()
  const args = ['bank', '--users', '16', '--seconds', '15', '--json', '--url', cluster.url(0)]
  const loaded = cli('load', ...args)
  for (const node of [0, 1, 2]) {
    await underWay(cluster, 'kv.0', (node + 1) % 3)
    await cluster.signal(`n${node + 1}`, 'SIGKILL')
    await until('the node is gone', async () => (await cluster?.nodes())?.[node]?.state !== 'ready')
    await cluster.allReady()
  }
  const { code, stdout, stderr } = await loaded
  expect([code, stderr]).toEqual([0, ''])
  const report = JSON.parse(stdout) as { outcomes: { ok: number }; findings: { verdict: string }[] }
  expect(report.outcomes.ok).toBeGreaterThan(50)
  expect(report.findings.map(({ verdict }) => verdict)).toEqual(['ok'])
  await cluster.verified()
})
