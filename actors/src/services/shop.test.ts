import { beforeEach, describe, expect, it } from 'vitest'
import { afresh, count, credit, filled, order, refusal, shop } from './shop.fixture.ts'

beforeEach(afresh)

describe('the shop', () => {
  it('[SV1] a checkout takes stock and credit and marks the order paid', () => {
    const { user, item, order: id } = filled()
    expect(order(id)).toEqual({
      order_id: id,
      paid: false,
      items: [[item, 2]],
      user_id: user,
      total_cost: 14,
    })
    expect(shop.ask('orders', { type: 'checkout', order: id }).status).toBe('ok')
    expect([credit(user), count(item), order(id).paid]).toEqual([86, 8, true])
  })

  it('[SV1] out of stock, out of credit: nothing changes, and the reason is named', () => {
    for (const [money, goods, code] of [
      [100, 1, 'outOfStock'],
      [13, 10, 'outOfCredit'],
    ] as const) {
      const { user, item, order: id } = filled(money, goods)
      const answer = shop.ask('orders', { type: 'checkout', order: id })
      expect(refusal(answer)).toBe(code)
      expect(JSON.stringify(answer)).toContain(code === 'outOfStock' ? item : user)
      expect([credit(user), count(item), order(id).paid]).toEqual([money, goods, false])
    }
  })

  it('[SV1] lines of the same item are summed, at what was agreed', () => {
    const { user, item, order: id } = filled()
    shop.groups.put('stock', `${item}/price`, 10)
    shop.body('orders', { type: 'addItem', order: id, item, quantity: 1 })
    shop.body('orders', { type: 'addItem', order: id, item, quantity: 1 })
    expect(order(id)).toMatchObject({
      total_cost: 34,
      items: [
        [item, 2],
        [item, 2],
      ],
    })
    expect(shop.ask('orders', { type: 'checkout', order: id }).status).toBe('ok')
    expect([credit(user), count(item)]).toEqual([66, 6])
  })

  it('[SV1] an empty order may be checked out', () => {
    const user = String(shop.body('payment', { type: 'create' }).user_id)
    const id = String(shop.body('orders', { type: 'create', user }).order_id)
    expect(shop.ask('orders', { type: 'checkout', order: id }).status).toBe('ok')
    expect(order(id).paid).toBe(true)
  })

  it('[SV2] a paid order is paid: checking out again answers so and charges nothing', () => {
    const { user, order: id } = filled()
    shop.ask('orders', { type: 'checkout', order: id })
    expect(shop.ask('orders', { type: 'checkout', order: id }).status).toBe('ok')
    expect(credit(user)).toBe(86)
  })

  it('[SV2] two checkouts of one order that takes the last units are both told that it is paid', () => {
    const { user, item, order: id } = filled(14, 2)
    const both = [1, 2].map(() => shop.begin('orders', { type: 'checkout', order: id }))
    shop.settle()
    expect(both.map(one => shop.answer(one).status)).toEqual(['ok', 'ok'])
    expect([credit(user), count(item)]).toEqual([0, 0])
  })

  it('[SV2] concurrent additions to one order all happen', () => {
    const { item, order: id } = filled()
    const all = Array.from({ length: 8 }, () =>
      shop.begin('orders', { type: 'addItem', order: id, item, quantity: 1 }),
    )
    shop.settle()
    expect(all.map(one => shop.answer(one).status)).toEqual(all.map(() => 'ok'))
    expect(order(id)).toMatchObject({ items: [[item, 10]], total_cost: 70 })
  })

  it('[SV2] unknown things are refused, and so are additions to a paid order', () => {
    const { item, order: id } = filled()
    expect(refusal(shop.ask('orders', { type: 'checkout', order: 'none' }))).toBe('unknownOrder')
    expect(refusal(shop.ask('orders', { type: 'find', order: 'none' }))).toBe('unknownOrder')
    expect(refusal(shop.ask('stock', { type: 'find', item: 'none' }))).toBe('unknownItem')
    expect(refusal(shop.ask('stock', { type: 'add', item: 'none', amount: 1 }))).toBe('unknownItem')
    expect(refusal(shop.ask('payment', { type: 'find', user: 'none' }))).toBe('unknownUser')
    expect(refusal(shop.ask('payment', { type: 'pay', user: 'none', amount: 1 }))).toBe('unknownUser')
    expect(refusal(shop.ask('orders', { type: 'addItem', order: id, item: 'none', quantity: 1 }))).toBe(
      'unknownItem',
    )
    shop.ask('orders', { type: 'checkout', order: id })
    expect(refusal(shop.ask('orders', { type: 'addItem', order: id, item, quantity: 1 }))).toBe('alreadyPaid')
    expect(refusal(shop.ask('orders', { type: 'removeItem', order: id, item }))).toBe('alreadyPaid')
  })

  it('[SV2] a checkout of what does not exist names it', () => {
    shop.groups.put('orders', 'o', { user: 'u', items: [['i', 1, 1]], total: 1, paid: false })
    shop.groups.put('stock', 'i/count', 5)
    expect(refusal(shop.ask('orders', { type: 'checkout', order: 'o' }))).toBe('unknownUser')
    shop.groups.put('payment', 'u', 5)
    shop.groups.values.delete('stock/i/count')
    expect(refusal(shop.ask('orders', { type: 'checkout', order: 'o' }))).toBe('unknownItem')
  })

  it('refuses what makes no sense, and values that are not orders', () => {
    const { item, order: id, user } = filled()
    for (const answer of [
      shop.ask('orders', { type: 'addItem', order: id, item, quantity: 0 }),
      shop.ask('orders', { type: 'addItem', order: id, item, quantity: Number.MAX_SAFE_INTEGER }),
      shop.ask('orders', { type: 'create', user: 'a/b' }),
      shop.ask('orders', { type: 'find', order: '' }),
      shop.ask('orders', { type: 'batchInit', orders: -1, items: 1, users: 1, price: 1 }),
      shop.ask('stock', { type: 'create', price: -1 }),
      shop.ask('stock', { type: 'add', item, amount: 1.5 }),
      shop.ask('stock', { type: 'add', item, amount: Number.MAX_SAFE_INTEGER }),
      shop.ask('payment', { type: 'addFunds', user, amount: Number.NaN }),
    ]) {
      expect(refusal(answer)).toBe('badRequest')
    }
    shop.groups.put('orders', 'odd', { paid: false })
    expect(refusal(shop.ask('orders', { type: 'checkout', order: 'odd' }))).toBe('badRequest')
  })

  it('stock and credit do not fall below zero, and tell what there is', () => {
    const { user, item } = filled()
    expect(refusal(shop.ask('stock', { type: 'subtract', item, amount: 11 }))).toBe('outOfStock')
    expect(shop.body('stock', { type: 'subtract', item, amount: 10 })).toContain('0 in stock')
    expect(refusal(shop.ask('payment', { type: 'pay', user, amount: 101 }))).toBe('outOfCredit')
    expect(shop.ask('payment', { type: 'pay', user, amount: 100 }).status).toBe('ok')
    expect([credit(user), count(item)]).toEqual([0, 0])
  })

  it('[SV5] removing gives back what was paid ahead, and removing an item its price', () => {
    const { user, item, order: id } = filled()
    shop.body('orders', { type: 'removeItem', order: id, item })
    expect(order(id)).toMatchObject({ total_cost: 7, items: [[item, 1]] })
    shop.ask('payment', { type: 'payOrder', user, order: id, amount: 5 })
    expect(credit(user)).toBe(95)
    shop.ask('orders', { type: 'remove', order: id })
    expect(credit(user)).toBe(100)
    expect(refusal(shop.ask('orders', { type: 'find', order: id }))).toBe('unknownOrder')
    expect(refusal(shop.ask('orders', { type: 'removeItem', order: id, item }))).toBe('unknownOrder')
  })

  it('[SV6] what was paid ahead counts for the checkout, once', () => {
    const { user, order: id } = filled()
    const about = { user, order: id }
    const paid = () => shop.body('payment', { type: 'status', ...about }).paid
    expect(paid()).toBe(false)
    expect(refusal(shop.ask('payment', { type: 'cancel', ...about }))).toBe('notPaid')
    expect(shop.ask('payment', { type: 'payOrder', ...about, amount: 20 }).status).toBe('ok')
    expect([paid(), credit(user), order(id).paid]).toEqual([true, 80, false])
    expect(refusal(shop.ask('payment', { type: 'payOrder', ...about, amount: 20 }))).toBe('alreadyPaid')
    expect(shop.ask('payment', { type: 'cancel', ...about }).status).toBe('ok')
    expect([paid(), credit(user)]).toEqual([false, 100])
    shop.ask('payment', { type: 'payOrder', ...about, amount: 20 })
    expect(shop.ask('orders', { type: 'checkout', order: id }).status).toBe('ok')
    expect([paid(), credit(user)]).toEqual([true, 86])
    expect(refusal(shop.ask('payment', { type: 'cancel', ...about }))).toBe('alreadyPaid')
    expect(refusal(shop.ask('payment', { type: 'payOrder', ...about, amount: 1 }))).toBe('alreadyPaid')
    expect(refusal(shop.ask('payment', { type: 'status', user: 'other', order: id }))).toBe('unknownOrder')
  })

  it('[SV9] a batch replaces what the ids held', () => {
    shop.groups.put('payment', '3', 999)
    shop.body('payment', { type: 'batchInit', users: 3_500, money: 5 })
    shop.body('stock', { type: 'batchInit', items: 10, stock: 4, price: 3 })
    expect(
      shop.body('orders', { type: 'batchInit', orders: 50, items: 10, users: 20, price: 3 }),
    ).toHaveProperty('msg')
    expect([credit('3'), credit('3499'), count('9')]).toEqual([5, 5, 4])
    expect(order('49')).toMatchObject({ paid: false, total_cost: 6 })
    expect(refusal(shop.ask('orders', { type: 'find', order: '50' }))).toBe('unknownOrder')
    expect(shop.body('stock', { type: 'batchInit', items: 0, stock: 4, price: 3 })).toHaveProperty('msg')
  })

  it('[SV1] a created order lies with its user', () => {
    const one = String(shop.body('orders', { type: 'create', user: 'ann' }).order_id)
    const two = String(shop.body('orders', { type: 'create', user: 'ann' }).order_id)
    expect(one.slice(0, 9)).toBe(two.slice(0, 9))
    expect(one).not.toBe(two)
  })
})
