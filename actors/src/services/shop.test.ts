import { type Address, address, nodeId } from '@synod/runtime/protocol'
import { type Effects, startActor, type TestActor } from '@synod/runtime/simulation'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeGroups } from '../sessions/fake-groups.ts'
import { session } from '../sessions/session.ts'
import { initialMap } from '../sharding/initial-map.ts'
import type { Submit } from '../transactions/messages.ts'
import { measures } from './measures.ts'
import type { OrdersRequest, PaymentRequest, ServiceAnswer, StockRequest } from './messages.ts'
import { orders, payment, stock } from './shop.ts'

const layout = { shards: 3, replicas: 3 }
const map = initialMap({
  nodes: ['n1', 'n2', 'n3'].map(nodeId),
  keyspaces: { orders: layout, stock: layout, payment: layout },
})
type Ask<Request> = Request extends unknown ? Omit<Request, 'deadlineMs'> : never
type Asked = { orders: Ask<OrdersRequest>; stock: Ask<StockRequest>; payment: Ask<PaymentRequest> }
type Wire = { readonly from: Address; readonly to: Address; readonly message: unknown }

/** One node with its session and services over groups that never fail. Messages are delivered in the order sent, or as `next` picks. */
class Shop {
  readonly groups = new FakeGroups(map)
  readonly node = nodeId('n1')
  readonly actors: Record<string, TestActor<unknown, unknown, unknown>> = {}
  readonly answers = new Map<number, ServiceAnswer>()
  readonly wires: Wire[] = []
  #requests = 0
  pick: (wires: number) => number = () => 0

  constructor() {
    for (const type of [session, orders, stock, payment]) {
      const self = address(this.node, type.type, 'main')
      const config = type === session ? { map } : {}
      this.actors[type.type] = startActor(type as never, config, {}, { self, seed: type.type }) as never
    }
  }

  begin<S extends keyof Asked>(to: S, request: Asked[S]): number {
    this.#requests += 1
    const id = this.#requests
    const event = {
      kind: 'request',
      request: { node: this.node, id },
      message: { deadlineMs: 10_000, ...request },
    }
    this.#collect(to, this.#actor(to).receive(event as never))
    return id
  }

  /** Delivers until nothing is under way. */
  settle(): void {
    for (let wire = this.#take(); wire !== undefined; wire = this.#take()) this.#deliver(wire)
  }

  #take(): Wire | undefined {
    return this.wires.splice(this.pick(this.wires.length), 1)[0]
  }

  #deliver({ from, to, message }: Wire): void {
    const [, type = ''] = to.split('/')
    if (type === 'learner') {
      this.wires.push({ from: to, to: from, message: this.groups.answer(to, message as Submit) })
    } else this.#collect(type, this.#actor(type).message(from, message))
  }

  #actor(type: string): TestActor<unknown, unknown, unknown> {
    const actor = this.actors[type]
    if (actor === undefined) throw new Error(`no actor ${type}`)
    return actor
  }

  #collect(type: string, effects: Effects): void {
    const from = address(this.node, type, 'main')
    for (const { to, message } of effects.sent) this.wires.push({ from, to, message })
    for (const { request, result } of effects.replies) {
      expect(this.answers.has(request.id)).toBe(false)
      this.answers.set(request.id, result as ServiceAnswer)
    }
  }

  ask<S extends keyof Asked>(to: S, request: Asked[S]): ServiceAnswer {
    const id = this.begin(to, request)
    this.settle()
    return this.answer(id)
  }

  answer(id: number): ServiceAnswer {
    const answer = this.answers.get(id)
    if (answer === undefined) throw new Error('not answered')
    return answer
  }

  body<S extends keyof Asked>(to: S, request: Asked[S]): Record<string, unknown> {
    const answer = this.ask(to, request)
    if (answer.status !== 'ok') throw new Error(JSON.stringify(answer))
    return answer.body as Record<string, unknown>
  }

  held(measure: string): number {
    let sum = 0
    for (const [key, { value }] of this.groups.values) {
      const [keyspace = '', ...rest] = key.split('/')
      sum += measures[keyspace]?.(rest.join('/'), value)[measure] ?? 0
    }
    return sum
  }
}

let shop: Shop
beforeEach(() => {
  shop = new Shop()
})

function filled(credit = 100, count = 10, price = 7, quantity = 2) {
  const user = String(shop.body('payment', { type: 'create' }).user_id)
  const item = String(shop.body('stock', { type: 'create', price }).item_id)
  const order = String(shop.body('orders', { type: 'create', user }).order_id)
  shop.body('payment', { type: 'addFunds', user, amount: credit })
  shop.body('stock', { type: 'add', item, amount: count })
  shop.body('orders', { type: 'addItem', order, item, quantity })
  return { user, item, order }
}
const credit = (user: string) => shop.body('payment', { type: 'find', user }).credit
const count = (item: string) => shop.body('stock', { type: 'find', item }).stock
const order = (id: string) => shop.body('orders', { type: 'find', order: id })
const refusal = (answer: ServiceAnswer) => (answer.status === 'refused' ? answer.code : answer.status)

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
        shop = new Shop()
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
