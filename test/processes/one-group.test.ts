/** The shop in one group: a checkout is one replicated command, and as atomic as over several. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RealCluster } from './cluster.fixture.ts'
import { historyFolder } from './load.fixture.ts'
import { Shop } from './shop.fixture.ts'

const folder = historyFolder()
let cluster: RealCluster
beforeAll(async () => {
  const config = join(folder, 'cluster.yaml')
  writeFileSync(config, 'keyspaces: { stock: { groups: orders } }\n')
  cluster = await RealCluster.start('--config', config)
})
afterAll(() => cluster?.destroy())

test('an order is refused whole or paid whole, and the books balance', async () => {
  const { stdout } = await cluster.cli('shards', '--json')
  const { groups } = JSON.parse(stdout) as { groups: object }
  expect(Object.keys(groups).sort()).toEqual(['directory', 'kv.0', 'orders.0'])

  const shop = new Shop(cluster)
  const user = await shop.createUser(10)
  const item = await shop.createItem(5, 10)
  const other = await shop.createItem(2, 1)
  const first = await shop.createOrder(user, [item, 1], [other, 1])
  const second = await shop.createOrder(user, [item, 1])
  expect(await shop.post(`/orders/checkout/${first}`)).toMatchObject({ status: 200 })
  expect(await shop.post(`/orders/checkout/${first}`)).toMatchObject({ status: 200 })
  expect(await shop.post(`/orders/checkout/${second}`)).toMatchObject({
    status: 400,
    body: { reason: 'outOfCredit' },
  })
  expect([await shop.stock(item), await shop.stock(other), await shop.credit(user)]).toEqual([9, 0, 3])
  expect([await shop.paid(first), await shop.paid(second)]).toEqual([true, false])
  await cluster.verified()
})
