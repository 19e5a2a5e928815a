/** The shop over HTTP on a real cluster: the public functional flow, and what is refused. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RealCluster } from './cluster.fixture.ts'
import { Shop } from './shop.fixture.ts'

let cluster: RealCluster
let shop: Shop
beforeAll(async () => {
  cluster = await RealCluster.start()
  shop = new Shop(cluster)
})
afterAll(() => cluster?.destroy())

test('stock: create, find, add, subtract, and no subtracting below 0', async () => {
  const item = await shop.createItem(5, 50)
  expect(await shop.must(shop.get(`/stock/find/${item}`))).toEqual({ stock: 50, price: 5 })
  expect((await shop.post(`/stock/subtract/${item}/200`)).status).toBe(400)
  expect((await shop.post(`/stock/subtract/${item}/15`)).status).toBe(200)
  expect(await shop.stock(item)).toBe(35)
})

test('payment: create, find, add funds, pay, and no paying below 0', async () => {
  const user = await shop.createUser(15)
  expect(await shop.must(shop.get(`/payment/find_user/${user}`))).toEqual({ user_id: user, credit: 15 })
  expect((await shop.post(`/payment/pay/${user}/10`)).status).toBe(200)
  expect((await shop.post(`/payment/pay/${user}/10`)).status).toBe(400)
  expect(await shop.credit(user)).toBe(5)
})

test('an order: refused for lack of stock, then of credit, then paid, once', async () => {
  const user = await shop.createUser(10)
  const scarce = await shop.createItem(5, 0)
  const other = await shop.createItem(5, 15)
  const order = await shop.createOrder(user, [scarce, 1], [other, 1])
  expect(await shop.must(shop.get(`/orders/find/${order}`))).toEqual({
    order_id: order,
    paid: false,
    items: [
      [scarce, 1],
      [other, 1],
    ],
    user_id: user,
    total_cost: 10,
  })

  expect(await shop.post(`/orders/checkout/${order}`)).toMatchObject({
    status: 400,
    body: { reason: 'outOfStock' },
  })
  expect([await shop.stock(other), await shop.credit(user), await shop.paid(order)]).toEqual([15, 10, false])

  await shop.must(shop.post(`/stock/add/${scarce}/15`))
  await shop.must(shop.post(`/payment/pay/${user}/5`))
  expect(await shop.post(`/orders/checkout/${order}`)).toMatchObject({
    status: 400,
    body: { reason: 'outOfCredit' },
  })
  expect([await shop.stock(scarce), await shop.stock(other)]).toEqual([15, 15])

  await shop.must(shop.post(`/payment/add_funds/${user}/10`))
  expect((await shop.post(`/orders/checkout/${order}`)).status).toBe(200)
  const after = [
    await shop.stock(scarce),
    await shop.stock(other),
    await shop.credit(user),
    await shop.paid(order),
  ]
  expect(after).toEqual([14, 14, 5, true])

  expect((await shop.post(`/orders/checkout/${order}`)).status).toBe(200)
  expect([await shop.stock(scarce), await shop.credit(user)]).toEqual([14, 5])
})

test.for([
  ['POST', '/orders/checkout/none'],
  ['POST', '/orders/addItem/none/none/1'],
  ['GET', '/orders/find/none'],
  ['GET', '/stock/find/none'],
  ['POST', '/stock/add/none/1'],
  ['POST', '/stock/subtract/none/1'],
  ['GET', '/payment/find_user/none'],
  ['POST', '/payment/add_funds/none/1'],
  ['POST', '/payment/pay/none/1'],
] as const)('%s %s: what does not exist is refused by every node', async ([method, path]) => {
  for (const _ of cluster.urls) {
    const { status, body } = await (method === 'GET' ? shop.get(path) : shop.post(path))
    expect([status, body]).toEqual([400, expect.objectContaining({ type: 'urn:synod:problem:refused' })])
  }
})

test('a paid order takes no more items; an unknown item is refused', async () => {
  const user = await shop.createUser(0)
  const item = await shop.createItem(1, 1)
  const order = await shop.createOrder(user)
  expect(await shop.post(`/orders/addItem/${order}/none/1`)).toMatchObject({ status: 400 })
  expect((await shop.post(`/orders/checkout/${order}`)).status).toBe(200)
  expect(await shop.post(`/orders/addItem/${order}/${item}/1`)).toMatchObject({ status: 400 })
})

test('a batch replaces what its ids held', async () => {
  await shop.must(shop.post('/payment/batch_init/20/100'))
  await shop.must(shop.post('/stock/batch_init/20/100/3'))
  await shop.must(shop.post('/orders/batch_init/20/20/20/3'))
  expect((await shop.post('/orders/checkout/19')).status).toBe(200)
  await shop.must(shop.post('/orders/batch_init/20/20/20/3'))
  expect(await shop.paid('19')).toBe(false)
  expect(await shop.must(shop.get('/stock/find/7'))).toMatchObject({ price: 3 })
})

test('a POST with an Idempotency-Key is done once, whichever node it is retried on', async () => {
  const user = await shop.createUser(0)
  const key = { 'Idempotency-Key': `funds-${user}` }
  for (let time = 0; time < 4; time++) {
    expect((await shop.post(`/payment/add_funds/${user}/7`, key)).status).toBe(200)
  }
  expect(await shop.credit(user)).toBe(7)
  expect((await shop.post(`/payment/add_funds/${user}/8`, key)).status).toBe(422)

  const created = { 'Idempotency-Key': `order-${user}` }
  const first = await shop.must(shop.post(`/orders/create/${user}`, created))
  expect(await shop.must(shop.post(`/orders/create/${user}`, created))).toEqual(first)
})

test('[GW11] one Idempotency-Key is one transaction, whichever groups the requests are about', async () => {
  const write = { op: 'add', keyspace: 'kv', key: 'keyed', amount: 5, initial: 0 }
  const elsewhere = { op: 'check', keyspace: 'stock', key: 'nothing/count', exists: false }
  let time = 0
  const run = (operations: readonly object[]) =>
    fetch(`${cluster.url(time++)}/tx`, {
      method: 'POST',
      headers: { 'Idempotency-Key': 'one' },
      body: JSON.stringify({ operations }),
    })
  const first = (await (await run([write])).json()) as { id: string; results: unknown }
  expect(first.results).toEqual([{ value: 5 }])
  expect(await (await run([write])).json()).toEqual(first)
  expect((await run([elsewhere, write])).status).toBe(422)
  expect((await run([write, elsewhere])).status).toBe(422)
  expect(await (await fetch(`${cluster.url(1)}/tx/${first.id}`)).json()).toMatchObject({
    status: 'committed',
  })
  expect(await shop.must(shop.get('/kv/kv/keyed'))).toMatchObject({ value: 5 })
})

test('verify proves all of this', () => cluster.verified())
