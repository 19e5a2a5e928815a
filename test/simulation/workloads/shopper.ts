/** One shopper: makes orders, fills them, pays them once or twice, moves money and goods in and out. */
import type { Random } from '@synod/runtime/simulation'
import { type Call, type Called, type ServiceCaller, textOf } from './service-caller.ts'
import type { Books, KnownOrder } from './shop-books.ts'

export interface ShopperPorts {
  readonly random: Random
  readonly caller: ServiceCaller
  readonly books: Books
  readonly patienceMs: number
  reached(goal: string): void
}

export class Shopper {
  readonly #ports: ShopperPorts

  constructor(ports: ShopperPorts) {
    this.#ports = ports
  }

  step(next: () => void): void {
    const kind = this.#ports.random.next()
    if (kind < 0.6) this.#order(next)
    else if (kind < 0.75) this.#moveMoney(next)
    else if (kind < 0.9) this.#moveGoods(next)
    else this.#look(next)
  }

  #order(next: () => void): void {
    const { random, books } = this.#ports
    const user = random.pick([...books.users.keys()])
    this.#call({ service: 'orders', request: { type: 'create', user } }, called => {
      if (called.status !== 'ok') {
        next()
        return
      }
      const order: KnownOrder = { id: textOf(called.body, 'order_id'), user, checkout: 'none' }
      books.orders.set(order.id, order)
      this.#fill(order, random.integer(1, 3), () => this.#payAhead(order, () => this.#checkout(order, next)))
    })
  }

  #fill(order: KnownOrder, lines: number, next: () => void): void {
    const { random, books } = this.#ports
    if (lines === 0) {
      next()
      return
    }
    const item = random.pick([...books.items.keys()])
    const request = { type: 'addItem', order: order.id, item, quantity: random.integer(1, 3) } as const
    this.#call({ service: 'orders', request }, () => this.#fill(order, lines - 1, next))
  }

  #payAhead(order: KnownOrder, next: () => void): void {
    const { random, books } = this.#ports
    if (!random.chance(0.15)) {
      next()
      return
    }
    const { id, user } = order
    books.paidAhead.add(user)
    const pay = { type: 'payOrder', user, order: id, amount: random.integer(0, 10) } as const
    this.#call({ service: 'payment', request: pay }, () => {
      if (!random.chance(0.5)) {
        next()
        return
      }
      this.#call({ service: 'payment', request: { type: 'cancel', user, order: id } }, () => next())
    })
  }

  /** Sometimes twice at the same time, as an impatient customer does. */
  #checkout(order: KnownOrder, next: () => void): void {
    const { random, reached } = this.#ports
    const times = random.pick([1, 1, 2])
    let left = times
    const answers: string[] = []
    for (let time = 0; time < times; time++) {
      this.#call({ service: 'orders', request: { type: 'checkout', order: order.id } }, called => {
        answers.push(called.status)
        if (called.status === 'ok') order.checkout = 'paid'
        if (called.status === 'unknown' && order.checkout === 'none') order.checkout = 'maybe'
        left -= 1
        if (left > 0) return
        if (answers.length === 2 && answers.every(status => status === 'ok'))
          reached('paid twice, charged once')
        next()
      })
    }
  }

  #moveMoney(next: () => void): void {
    const { random, books } = this.#ports
    const user = random.pick([...books.users.keys()])
    const amount = random.integer(0, 20)
    const type = random.chance(0.7) ? 'addFunds' : 'pay'
    this.#call({ service: 'payment', request: { type, user, amount } }, called => {
      books.users.get(user)?.change(type === 'pay' ? -amount : amount, called)
      next()
    })
  }

  #moveGoods(next: () => void): void {
    const { random, books } = this.#ports
    const item = random.pick([...books.items.keys()])
    const amount = random.integer(0, 10)
    const type = random.chance(0.7) ? 'add' : 'subtract'
    this.#call({ service: 'stock', request: { type, item, amount } }, called => {
      books.items.get(item)?.count.change(type === 'subtract' ? -amount : amount, called)
      next()
    })
  }

  #look(next: () => void): void {
    const { random, books } = this.#ports
    const orders = [...books.orders.values()]
    if (orders.length === 0) {
      next()
      return
    }
    const order = random.pick(orders)
    const before = order.checkout
    this.#call({ service: 'orders', request: { type: 'find', order: order.id } }, called => {
      const paid = called.status === 'ok' && (called.body as { readonly paid?: boolean }).paid === true
      // What was answered before the question was asked must show.
      if (called.status === 'ok' && before === 'paid' && !paid)
        throw new Error(`shop: ${order.id} was paid before`)
      next()
    })
  }

  #call(call: Call, done: (called: Called) => void): void {
    this.#ports.caller.call(call, this.#ports.patienceMs, done)
  }
}
