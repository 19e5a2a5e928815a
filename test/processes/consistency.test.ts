/**
 * The public consistency case: 1,000 checkouts, 100 in flight, by users with 1 credit for one item with 100 in stock.
 * Exactly 100 succeed; and the same while a node is killed in the middle.
 */
import { afterEach, expect, test } from 'vitest'
import { RealCluster } from './cluster.fixture.ts'
import { inParallel, Shop } from './shop.fixture.ts'

const buyers = 1_000
const inStock = 100
const inFlight = 100

let cluster: RealCluster | undefined
afterEach(async () => {
  await cluster?.destroy()
  cluster = undefined
})

interface Sale {
  readonly item: string
  readonly orders: readonly string[]
}

async function prepare(shop: Shop): Promise<Sale> {
  await shop.must(shop.post(`/payment/batch_init/${buyers}/1`))
  const item = await shop.createItem(1, inStock)
  const tasks = Array.from({ length: buyers }, (_, user) => () => shop.createOrder(String(user), [item, 1]))
  return { item, orders: await inParallel(inFlight, tasks) }
}

async function expectSold(shop: Shop, { item, orders }: Sale, statuses: readonly number[]): Promise<void> {
  const won = orders.filter((_, at) => statuses[at] === 200)
  expect(won).toHaveLength(inStock)
  expect(await shop.stock(item)).toBe(0)
  const credits = await inParallel(
    inFlight,
    orders.map((_, user) => () => shop.credit(String(user))),
  )
  expect(credits.reduce((sum, credit) => sum + credit, 0)).toBe(buyers - inStock)
  expect(credits.map(credit => credit === 0)).toEqual(statuses.map(status => status === 200))
  const paid = await inParallel(
    inFlight,
    orders.map(order => () => shop.paid(order)),
  )
  expect(paid).toEqual(statuses.map(status => status === 200))
}

test('exactly what is in stock is sold; every other answer is a refusal', async () => {
  cluster = await RealCluster.start()
  const shop = new Shop(cluster)
  const sale = await prepare(shop)
  const answers = await inParallel(
    inFlight,
    sale.orders.map(order => () => shop.post(`/orders/checkout/${order}`)),
  )
  const statuses = answers.map(({ status }) => status)
  // The public test counts 5xx as sold: there must be none.
  expect(answers.filter(({ status }) => status !== 200 && status !== 400)).toEqual([])
  await expectSold(shop, sale, statuses)
  await cluster.verified()
})

test('the same while one node is killed in the middle', async () => {
  cluster = await RealCluster.start()
  const shop = new Shop(cluster)
  const sale = await prepare(shop)
  let answered = 0
  let killed: Promise<unknown> | undefined
  const statuses = await inParallel(
    inFlight,
    sale.orders.map(order => async () => {
      const status = await shop.insist(`/orders/checkout/${order}`)
      answered += 1
      if (answered === 60) killed = cluster?.signal('n2', 'SIGKILL')
      return status
    }),
  )
  await killed
  await cluster.allReady()
  await expectSold(shop, sale, statuses)
  await cluster.verified()
})
