/** A damaged file under the launcher: the start says which, and what to do; doing that works. (More in ../chaos/.) */
import { renameSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { RealCluster } from './cluster.fixture.ts'
import { Shop } from './shop.fixture.ts'

let cluster: RealCluster | undefined
afterEach(async () => {
  await cluster?.destroy()
  cluster = undefined
})

test('a start on a damaged file is refused with the way out; then the node gets everything back', async () => {
  cluster = await RealCluster.start()
  const shop = new Shop(cluster)
  const user = await shop.createUser(10)
  const item = await shop.createItem(1, 10)
  const order = await shop.createOrder(user, [item, 1])
  await shop.must(shop.post(`/orders/checkout/${order}`))
  await cluster.stop()
  const file = join(cluster.data, 'n2', 'node.db')
  truncateSync(file, 20_000)
  await expect(cluster.start()).rejects.toThrow(
    new RegExp(`n2: ${file}: .* move it away and let the node recover from the others`),
  )
  renameSync(file, `${file}.damaged`)
  await cluster.start()
  const status = await fetch(`${cluster.url(1)}/admin/status`)
  expect(await status.json()).toMatchObject({ amnesiac: true })
  await cluster.verified()
  expect([await shop.paid(order), await shop.credit(user), await shop.stock(item)]).toEqual([true, 9, 9])
})
