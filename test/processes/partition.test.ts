/** Networks that are cut, lossy and slow on purpose. Cuts under load are in ../chaos/. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '@synod/cluster/client'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { RealCluster, until } from './cluster.fixture.ts'
import { historyFolder, keyOf, put, startLoad } from './load.fixture.ts'
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
  await cluster.mend()
})

test('[EX14] clients leave a leader that hears nobody, though no other node was asked for its group yet', async () => {
  const leader = await cluster.leaderOf('kv.0')
  const others = ['n1', 'n2', 'n3'].filter(id => id !== leader)
  const watcher = Number(others[0]?.slice(1)) - 1
  const key = await keyOf(cluster, 'kv.0')
  const client = connect(
    [0, 1, 2].map(node => cluster.url(node)),
    { deadlineMs: 1_000, startAt: Number(leader.slice(1)) - 1 },
  )
  try {
    await client.put('kv', key, 'before')
    await cluster.fault({ kind: 'partition', sides: [others, [leader]], oneWay: true })
    await until('another leads', async () => (await cluster.leaderOf('kv.0', watcher)) !== leader)
    await until('the client has found it', async () => (await client.put('kv', key, 'after')) > 0, 30_000)
  } finally {
    client.close()
  }
})

test('a leader that is cut off answers no read from the past', async () => {
  const leader = await cluster.leaderOf('kv.0')
  const others = ['n1', 'n2', 'n3'].filter(id => id !== leader)
  const cutOff = Number(leader.slice(1)) - 1
  const watcher = Number(others[0]?.slice(1)) - 1
  const key = await keyOf(cluster, 'kv.0')
  await put(cluster.url(watcher), key, 'old')
  await cluster.fault({ kind: 'partition', sides: [[leader], others] })
  await until('another leads', async () => (await cluster.leaderOf('kv.0', watcher)) !== leader)
  await put(cluster.url(watcher), key, 'new')
  let answered = 0
  const asked = Array.from({ length: 20 }, async () => {
    const answer = await call('GET', `${cluster.url(cutOff)}/kv/kv/${key}`)
    answered += 1
    return answer
  })
  // Who asks nobody has answered by then.
  await until('all have asked in vain', async () => answered + (await readsSentAgain(cutOff)) >= asked.length)
  await cluster.fault({ kind: 'heal' })
  for (const answer of await Promise.all(asked))
    expect(answer).toMatchObject({ status: 200, body: { value: 'new' } })
  await cluster.verified()
})

test('lost, late and doubled messages change nothing but the time it takes', async () => {
  const history = join(folder, 'lossy.jsonl')
  const load = await startLoad('append', cluster.url(0), { history })
  await cluster.fault({ kind: 'drop', probability: 0.05, seed: 7 })
  await cluster.fault({ kind: 'duplicate', probability: 0.1, seed: 8 })
  await cluster.fault({ kind: 'delay', probability: 0.2, delayMs: 20, jitterMs: 20, seed: 9 })
  await load.end(200)
  await cluster.mend()
  await cluster.verified()
})

/** Reads that wait in the node's session, sent at least twice. */
async function readsSentAgain(node: number): Promise<number> {
  const response = await fetch(`${cluster.url(node)}/admin/inspect/session/main`)
  const { state } = (await response.json()) as { state: { oldest: { kind: string; sends: number }[] } }
  return state.oldest.filter(({ kind, sends }) => kind === 'read' && sends > 1).length
}
