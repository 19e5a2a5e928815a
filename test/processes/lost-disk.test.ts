/** A node that lost its disk, or got an old one back, must not vote from what it forgot: it recovers from the others. */
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { RealCluster, until } from './cluster.fixture.ts'
import { Shop } from './shop.fixture.ts'

let cluster: RealCluster | undefined
afterEach(async () => {
  await cluster?.destroy()
  cluster = undefined
})

const storeFiles = ['node.db', 'node.db-wal', 'node.db-shm']

function removeStore(folder: string): void {
  for (const file of storeFiles) rmSync(join(folder, file), { force: true })
}

async function standing(of: RealCluster, node: number): Promise<{ incarnation: string; amnesiac: boolean }> {
  const response = await fetch(`${of.url(node)}/admin/status`)
  return (await response.json()) as { incarnation: string; amnesiac: boolean }
}

/** The others remember more of it than it does: a new incarnation, which votes only when it has recovered. */
async function untilForgetful(of: RealCluster, node: number): Promise<void> {
  await until('the node knows that it forgot', async () => {
    const { incarnation, amnesiac } = await standing(of, node)
    return amnesiac && incarnation.startsWith('2-')
  })
}

interface Sold {
  readonly user: string
  readonly orders: readonly string[]
}

async function sell(shop: Shop, user: string, item: string): Promise<string> {
  const order = await shop.createOrder(user, [item, 1])
  await shop.must(shop.post(`/orders/checkout/${order}`))
  return order
}

async function expectHeld(
  of: RealCluster,
  shop: Shop,
  { user, orders }: Sold,
  credit: number,
): Promise<void> {
  await of.verified()
  for (const order of orders) expect(await shop.paid(order)).toBe(true)
  expect(await shop.credit(user)).toBe(credit)
}

test('a node whose disk was emptied gets everything back, and its vote', async () => {
  cluster = await RealCluster.start('--no-restart')
  const shop = new Shop(cluster)
  const user = await shop.createUser(10)
  const item = await shop.createItem(1, 10)
  const orders = [await sell(shop, user, item), await sell(shop, user, item)]
  await cluster.stop()
  removeStore(join(cluster.data, 'n2'))
  await cluster.start('--no-restart')
  await untilForgetful(cluster, 1)
  await expectHeld(cluster, shop, { user, orders }, 8)
  // With another node down, the one that was wiped is needed for a majority.
  await cluster.signal('n3', 'SIGKILL')
  const left = new Shop({ url: node => cluster?.url(node % 2) ?? '' })
  expect(await left.insist(`/payment/add_funds/${user}/5`)).toBe(200)
  expect(await left.credit(user)).toBe(13)
})

test('a node whose disk went back to an earlier state gets what it forgot', async () => {
  cluster = await RealCluster.start()
  const shop = new Shop(cluster)
  const user = await shop.createUser(10)
  const item = await shop.createItem(1, 10)
  const orders = [await sell(shop, user, item)]
  await cluster.stop()
  const store = join(cluster.data, 'n1')
  cpSync(store, join(cluster.data, 'old'), { recursive: true })
  await cluster.start()
  orders.push(await sell(shop, user, item), await sell(shop, user, item))
  await cluster.stop()
  removeStore(store)
  for (const file of storeFiles) {
    const old = join(cluster.data, 'old', file)
    if (existsSync(old)) cpSync(old, join(store, file))
  }
  await cluster.start()
  await untilForgetful(cluster, 0)
  expect(await standing(cluster, 1)).toMatchObject({ amnesiac: false })
  await expectHeld(cluster, shop, { user, orders }, 7)
})
