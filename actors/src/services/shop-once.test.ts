import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { afresh, count, credit, filled, order, refusal, shop } from './shop.fixture.ts'

beforeEach(afresh)

describe('a request with an id', () => {
  const key = (session: string, fingerprint = session) => ({
    id: { session: `key.${session}`, sequence: 1 },
    fingerprint,
    retainMs: 1_000,
  })

  it('[SV7] happens once, and its retries get the same answer', () => {
    const { user, item, order: id } = filled()
    const requests = [
      () => shop.ask('payment', { type: 'create', ...key('a') }),
      () => shop.ask('orders', { type: 'create', user, ...key('b') }),
      () => shop.ask('stock', { type: 'add', item, amount: 5, ...key('c') }),
      () => shop.ask('orders', { type: 'addItem', order: id, item, quantity: 1, ...key('d') }),
      () => shop.ask('payment', { type: 'addFunds', user, amount: 3, ...key('e') }),
      () => shop.ask('payment', { type: 'pay', user, amount: 1_000, ...key('f') }),
      () => shop.ask('orders', { type: 'checkout', order: id, ...key('g') }),
    ]
    const first = requests.map(request => request())
    shop.ask('stock', { type: 'add', item, amount: 100 })
    shop.ask('payment', { type: 'addFunds', user, amount: 5_000 })
    expect(requests.map(request => request())).toEqual(first)
    expect(first.map(refusal)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'outOfCredit', 'ok'])
    expect([credit(user), count(item)]).toEqual([5_082, 112])
  })

  it('[SV7] a refused checkout stays refused, for the recorded reason', () => {
    for (const [money, goods, code] of [
      [100, 1, 'outOfStock'],
      [13, 10, 'outOfCredit'],
    ] as const) {
      const { user, item, order: id } = filled(money, goods)
      const checkout = () => shop.ask('orders', { type: 'checkout', order: id, ...key(code) })
      expect(refusal(checkout())).toBe(code)
      shop.ask('stock', { type: 'add', item, amount: 100 })
      shop.ask('payment', { type: 'addFunds', user, amount: 100 })
      expect(refusal(checkout())).toBe(code)
      expect(order(id).paid).toBe(false)
    }
  })

  it('[SV7] rounds that only met a change do not count as the answer', () => {
    const { item, order: id } = filled()
    const add = (session: string) =>
      ({ type: 'addItem', order: id, item, quantity: 1, ...key(session) }) as const
    const all = Array.from({ length: 6 }, (_, i) => shop.begin('orders', add(`r${i}`)))
    shop.settle()
    for (const one of all) expect(shop.answer(one).status).toBe('ok')
    for (const [i] of all.entries()) expect(shop.ask('orders', add(`r${i}`)).status).toBe('ok')
    expect(order(id)).toMatchObject({ items: [[item, 8]] })
  })

  it("[SV9] a batch under an id is done once, and its id is no other request's", () => {
    const batch = (stock: number) =>
      shop.ask('stock', {
        type: 'batchInit',
        items: 3,
        stock,
        price: 2,
        ...key('batch', `of ${stock}`),
      })
    const first = batch(50)
    expect(first.status).toBe('ok')
    shop.ask('stock', { type: 'subtract', item: '0', amount: 20 })
    expect(batch(50)).toEqual(first)
    expect(batch(77).status).toBe('conflictingRequest')
    expect(shop.ask('payment', { type: 'create', ...key('batch', 'create') }).status).toBe(
      'conflictingRequest',
    )
    expect(['0', '1', '2'].map(count)).toEqual([30, 50, 50])
  })

  it('[SV9] a retry that overtakes its batch puts the same, and both are answered alike', () => {
    const batch = { type: 'batchInit', items: 2, stock: 5, price: 2, ...key('twice') } as const
    const both = [shop.begin('stock', batch), shop.begin('stock', batch)]
    shop.settle()
    expect(both.map(one => shop.answer(one).status)).toEqual(['ok', 'ok'])
    expect(['0', '1'].map(count)).toEqual([5, 5])
  })

  it('[SV9] a batch under an id of another request puts nothing', () => {
    shop.ask('payment', { type: 'create', ...key('used') })
    const batch = { type: 'batchInit', items: 1, stock: 5, price: 2, ...key('used', 'batch') } as const
    expect(shop.ask('stock', batch).status).toBe('conflictingRequest')
    expect(refusal(shop.ask('stock', { type: 'find', item: '0' }))).toBe('unknownItem')
  })

  it('[SV8] another request under the same id is refused, whatever it is about', () => {
    const { user, item, order: id } = filled()
    shop.ask('stock', { type: 'add', item, amount: 5, ...key('k', 'one') })
    for (const answer of [
      shop.ask('stock', { type: 'add', item, amount: 6, ...key('k', 'two') }),
      shop.ask('payment', { type: 'addFunds', user, amount: 6, ...key('k', 'two') }),
      shop.ask('orders', { type: 'checkout', order: id, ...key('k', 'two') }),
    ]) {
      expect(answer.status).toBe('conflictingRequest')
    }
    expect([credit(user), count(item), order(id).paid]).toEqual([100, 15, false])
  })
})

describe('conservation', () => {
  const step = fc.record({
    kind: fc.constantFrom('addItem', 'checkout', 'payOrder', 'cancel', 'remove', 'removeItem', 'create'),
    user: fc.constantFrom('0', '1', '2'),
    item: fc.constantFrom('0', '1'),
    order: fc.nat(5),
    amount: fc.integer({ min: 1, max: 6 }),
  })

  it('[SV4] goods and money move, but none appears or vanishes, in whatever order messages travel', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.infiniteStream(fc.nat(1_000)), (steps, picks) => {
        afresh()
        shop.body('payment', { type: 'batchInit', users: 3, money: 30 })
        shop.body('stock', { type: 'batchInit', items: 2, stock: 6, price: 3 })
        shop.body('orders', { type: 'batchInit', orders: 6, items: 2, users: 3, price: 3 })
        const before = [shop.held('money'), shop.held('goods')]
        let gone = [0, 0]
        shop.pick = wires => (wires === 0 ? 0 : picks.next().value % wires)
        for (const { kind, user, item, order: number, amount } of steps) {
          const id = String(number)
          if (kind === 'addItem') shop.begin('orders', { type: kind, order: id, item, quantity: amount })
          if (kind === 'checkout') shop.begin('orders', { type: kind, order: id })
          if (kind === 'payOrder') shop.begin('payment', { type: kind, user, order: id, amount })
          if (kind === 'cancel') shop.begin('payment', { type: kind, user, order: id })
          if (kind === 'removeItem') shop.begin('orders', { type: kind, order: id, item })
          if (kind === 'create') shop.begin('orders', { type: kind, user })
          if (kind === 'remove') {
            shop.settle()
            const [money, goods] = [shop.held('money'), shop.held('goods')]
            const paid = (shop.groups.value('orders', id) as { paid?: boolean } | undefined)?.paid
            shop.ask('orders', { type: kind, order: id })
            const out = [money - shop.held('money'), goods - shop.held('goods')]
            if (paid !== true) expect(out).toEqual([0, 0])
            gone = gone.map((sum, at) => sum + (out[at] ?? 0))
          }
        }
        shop.settle()
        expect([shop.held('money') + (gone[0] ?? 0), shop.held('goods') + (gone[1] ?? 0)]).toEqual(before)
        for (const [key, { value }] of shop.groups.values) {
          if (typeof value === 'number') expect(value, key).toBeGreaterThanOrEqual(0)
        }
      }),
      { numRuns: 150 },
    )
  })
})
