/** `verify` can fail: a value that was changed behind the cluster's back is found, and shown. */
import { join } from 'node:path'
import { measures } from '@synod/actors'
import { openSqlite } from '@synod/runtime/host'
import { actorId, decode, encode, type Json } from '@synod/runtime/protocol'
import { afterEach, expect, test } from 'vitest'
import { allSegments } from '../../actors/src/paxos/segments.ts'
import { RealCluster, until } from './cluster.fixture.ts'
import { Shop } from './shop.fixture.ts'

let cluster: RealCluster | undefined
afterEach(async () => {
  await cluster?.destroy()
  cluster = undefined
})

interface Found {
  readonly verdict: string
  readonly findings: readonly { readonly check: string; readonly verdict: string; readonly detail: string }[]
}

async function verify(of: RealCluster): Promise<Found & { code: number }> {
  const { code, stdout } = await of.cli('verify', '--json')
  return { code, ...(JSON.parse(stdout) as Found) }
}

const verdicts = ({ findings }: Found) =>
  findings.filter(({ verdict }) => verdict !== 'ok').map(({ check }) => check)

/** One more in the credit of a user, in a node's store, with checksum and turn number as they should be. */
function plant(folder: string): string {
  const store = openSqlite(folder)
  try {
    // Whose groups payment shares.
    const group = 'orders.0'
    const actor = actorId('learner', group)
    // The last entry of a key is what it holds.
    for (const [key, row] of [...store.rows(actor).entries(allSegments)].reverse()) {
      const parts = decode(row as Uint8Array) as [prefix: string, puts: unknown[], gone: string[]][]
      const values = parts.find(([prefix]) => prefix === 'v/')?.[1] ?? []
      const at = values.findIndex(name => String(name).startsWith('payment/'))
      if (at < 0) continue
      const stored = values[at + 1] as { readonly value: Json; readonly version: number }
      expect(measures.payment?.('', stored.value)).toEqual({ money: stored.value })
      values[at + 1] = { ...stored, value: Number(stored.value) + 1 }
      store.commit(store.turn() + 1, [{ actor, key, value: encode(parts) }])
      return group
    }
  } finally {
    store.close()
  }
  throw new Error(`no credit in ${folder}`)
}

async function untilFlushed(of: RealCluster, node: number): Promise<void> {
  await until('all is in the rows', async () =>
    (await of.groups(node)).every(({ applied, flushed }) => applied === flushed),
  )
}

test('a value changed in one replica: verify names the group and the replicas, and ends with 1', async () => {
  cluster = await RealCluster.start()
  const shop = new Shop(cluster)
  await shop.must(shop.post('/payment/batch_init/10/100'))
  expect(await verify(cluster)).toMatchObject({ code: 0, verdict: 'ok' })
  await untilFlushed(cluster, 1)
  await cluster.stop()
  const group = plant(join(cluster.data, 'n2'))
  await cluster.start()
  const found = await verify(cluster)
  expect(found).toMatchObject({ code: 1, verdict: 'violated' })
  const replicas = found.findings.find(({ check }) => check === 'replicas')
  expect(replicas).toMatchObject({ verdict: 'violated' })
  expect(replicas?.detail).toMatch(new RegExp(`group ${group} on .*n2.*: their states differ`))
})

test('the same change in all replicas: money came from nowhere', async () => {
  cluster = await RealCluster.start()
  const shop = new Shop(cluster)
  await shop.must(shop.post('/payment/batch_init/10/100'))
  for (const node of [0, 1, 2]) await untilFlushed(cluster, node)
  await cluster.stop()
  for (const node of ['n1', 'n2', 'n3']) plant(join(cluster.data, node))
  await cluster.start()
  const found = await verify(cluster)
  expect(found).toMatchObject({ code: 1, verdict: 'violated' })
  expect(verdicts(found)).toEqual(['conservation'])
  expect(found.findings.find(({ check }) => check === 'conservation')?.detail).toBe(
    'money: 1000 in − 0 out = 1000, but 1001 held (1 too many)',
  )
})
