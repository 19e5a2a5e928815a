/**
 * The short form of `node test/chaos/overload.ts`: many more at once than may wait. Refusals are definite, nothing is
 * done twice, and when the crowd is gone everybody is answered.
 */
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RealCluster, until } from './cluster.fixture.ts'
import { inParallel, Shop } from './shop.fixture.ts'

const crowd = 1_000
const buyersAtATime = 600
const price = 3

const config = join(tmpdir(), `synod-overload-${process.pid}.yaml`)
let cluster: RealCluster
beforeAll(async () => {
  // Little patience: some sixteen may wait, so that a crowd is too much however quick the machine is.
  await writeFile(config, 'nodes: 1\nlimits: { waitMs: 10 }\ndeadlineMs: 60000\n')
  cluster = await RealCluster.start('--config', config)
})
afterAll(async () => {
  await cluster?.destroy()
  await rm(config)
})

test('[GW1, GW3, GW6] a crowd is refused clearly, is served exactly once, and leaves nothing behind', async () => {
  const shop = new Shop(cluster)
  const item = await shop.createItem(price, crowd)
  const user = await shop.createUser(crowd * price)
  let refused = 0
  const buy = (order: string) => async () => {
    for (;;) {
      const { status, body, headers } = await shop.post(`/orders/checkout/${order}`)
      if (status === 200) return
      expect(status).toBe(503)
      expect(body).toMatchObject({ type: 'urn:synod:problem:overloaded', status: 503 })
      expect(headers.get('retry-after')).toBe('1')
      refused++
    }
  }
  const orders = await inParallel(
    10,
    Array.from({ length: crowd }, () => () => shop.createOrder(user, [item, 1])),
  )
  await inParallel(buyersAtATime, orders.map(buy))
  expect(refused).toBeGreaterThan(0)
  expect([await shop.stock(item), await shop.credit(user)]).toEqual([0, 0])
  await until('nobody waits any more', async () => {
    const metrics = await (await fetch(`${cluster.url(0)}/metrics`)).text()
    expect(Number(/^synod_admission_refused_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(
      refused,
    )
    return /^synod_admission_waiting 0$/m.test(metrics)
  })
  for (let times = 0; times < 50; times++) expect(await shop.stock(item)).toBe(0)
  await cluster.verified()
})
