/**
 * The shop: orders, stock and payment over transactions, as shoppers use it. No order is paid unless goods and money
 * were taken, nothing is oversold, nobody pays twice, goods and money are conserved, and a client that is told
 * something finds it so.
 */
import { frontDoor, type GroupAudit, type ShardMap } from '@synod/actors'
import { assert, type NodeId } from '@synod/runtime/protocol'
import type { Simulation } from '@synod/runtime/simulation'
import type { Audit } from '../../../actors/src/transactions/audit.ts'
import { loseMemory } from '../amnesia.ts'
import { drawTuning } from '../drawn-tuning.ts'
import { groupGoals, shardGoals } from '../goals.ts'
import { shopBugs } from '../planted/transactions.ts'
import { answerTo } from '../replicated-checks.ts'
import { settles, startSharded } from '../sharded.ts'
import type { Run, Suite } from '../suite.ts'
import { type Call, type Called, numberOf, ServiceCaller, textOf } from '../workloads/service-caller.ts'
import { Account, Books, type FoundOrder } from '../workloads/shop-books.ts'
import { Shopper } from '../workloads/shopper.ts'
import { leaderOf } from './paxos-invariants.ts'

function runShop(run: Run): void {
  const { random } = run
  const size = random.pick([1, 3, 3, 3, 5])
  const drawn = {
    size,
    shards: random.integer(1, 2),
    clients: run.clients(random.integer(1, 5)),
    items: random.integer(1, 4),
    users: random.integer(1, 4),
    faultsMs: random.integer(1500, 5000),
    tuning: drawTuning(random),
    amnesia: size > 1 && random.chance(0.2),
  }
  const cluster = startSharded(run, ['orders', 'stock', 'payment'], drawn)
  const { sim, map } = cluster
  const shop = new Shop(run)
  shop.open(drawn.items, drawn.users)
  run.setup.mix = run.faults(() => leaderOf(sim, random.pick(Object.keys(map.groups))))
  const done = shop.shopUntil(sim.now + drawn.faultsMs, drawn.clients)
  if (drawn.amnesia) loseMemory(run, Object.values(map.groups), sim.now + drawn.faultsMs)
  sim.run(sim.now + drawn.faultsMs)
  sim.heal()
  sim.run(done, { maxMs: 180_000 })
  settles(cluster)
  shop.checkBooks()
  conserved(sim, map)
  run.reached('finished')
}

const patienceMs = 60_000

class Shop {
  readonly #run: Run
  readonly #books = new Books()
  readonly #caller: ServiceCaller

  constructor(run: Run) {
    this.#run = run
    this.#caller = this.#newCaller('owner')
  }

  /** Before the faults. */
  open(items: number, users: number): void {
    const { random } = this.#run
    for (let count = 0; count < items; count++) {
      const price = random.integer(1, 5)
      const item = textOf(this.#must({ service: 'stock', request: { type: 'create', price } }), 'item_id')
      const stock = new Account()
      const amount = random.pick([3, 10, 100])
      stock.change(amount, this.#call({ service: 'stock', request: { type: 'add', item, amount } }))
      this.#books.items.set(item, { price, count: stock })
    }
    for (let count = 0; count < users; count++) {
      const user = textOf(this.#must({ service: 'payment', request: { type: 'create' } }), 'user_id')
      const credit = new Account()
      const amount = random.pick([10, 100, 1000])
      credit.change(amount, this.#call({ service: 'payment', request: { type: 'addFunds', user, amount } }))
      this.#books.users.set(user, credit)
    }
  }

  /** Returns whether everyone has gone home. */
  shopUntil(untilMs: number, shoppers: number): () => boolean {
    const { sim, random } = this.#run
    let busy = 0
    for (let index = 0; index < shoppers; index++) {
      const shopper = new Shopper({
        random: random.fork(`shopper ${index}`),
        caller: this.#newCaller(`shopper${index}`),
        books: this.#books,
        patienceMs: random.pick([1000, 6000]),
        reached: goal => this.#run.reached(goal),
      })
      const next = () => {
        if (sim.now >= untilMs) return
        busy += 1
        shopper.step(() => {
          busy -= 1
          sim.after(random.between(0, 150), next)
        })
      }
      sim.after(0, next)
    }
    return () => busy === 0 && sim.now >= untilMs
  }

  checkBooks(): void {
    const goods = new Map<string, number>()
    const money = new Map<string, number>()
    const add = (sums: Map<string, number>, key: string, amount: number) =>
      sums.set(key, (sums.get(key) ?? 0) + amount)
    for (const order of this.#books.orders.values()) {
      const body = this.#must({ service: 'orders', request: { type: 'find', order: order.id } })
      const found = body as unknown as FoundOrder
      this.#books.checkOrder(order, found)
      if (!found.paid) continue
      add(money, order.user, found.total_cost)
      for (const [item, quantity] of found.items) add(goods, item, quantity)
    }
    for (const [item, { count }] of this.#books.items) {
      const body = this.#must({ service: 'stock', request: { type: 'find', item } })
      count.check(`the stock of ${item}`, numberOf(body, 'stock'), goods.get(item) ?? 0)
    }
    for (const [user, credit] of this.#books.users) {
      const body = this.#must({ service: 'payment', request: { type: 'find', user } })
      const actual = numberOf(body, 'credit')
      assert(actual >= 0, `shop: ${user} owes ${actual}`)
      if (!this.#books.paidAhead.has(user))
        credit.check(`the credit of ${user}`, actual, money.get(user) ?? 0)
    }
  }

  #must(call: Call) {
    const called = this.#call(call)
    assert(called.status === 'ok', `without faults ${JSON.stringify(call)} ended ${JSON.stringify(called)}`)
    return called.body
  }

  #call(call: Call): Called {
    let result: Called | undefined
    this.#caller.call(call, patienceMs, called => {
      result = called
    })
    this.#run.sim.run(() => result !== undefined)
    assert(result !== undefined, 'an answer')
    return result
  }

  #newCaller(name: string): ServiceCaller {
    const { sim, random } = this.#run
    return new ServiceCaller({
      sim,
      random: random.fork(name),
      name,
      reached: goal => this.#run.reached(goal),
    })
  }
}

/** [SV4] What is held is what came in, less what went out. */
function conserved(sim: Simulation, map: ShardMap): void {
  const sums = new Map<string, bigint>()
  const add = (measure: string, amount: bigint) => sums.set(measure, (sums.get(measure) ?? 0n) + amount)
  for (const { group, members } of Object.values(map.groups)) {
    const door = frontDoor(members[0] as NodeId, group)
    const { held, tallies } = (answerTo(sim, door, { type: 'group.audit' }) as GroupAudit)
      .audit as unknown as Audit
    for (const measures of Object.values(held ?? {})) {
      for (const [measure, amount] of Object.entries(measures)) add(measure, BigInt(amount))
    }
    for (const measures of Object.values(tallies ?? {})) {
      for (const [measure, tally] of Object.entries(measures))
        add(measure, BigInt(tally.out) - BigInt(tally.in))
    }
  }
  for (const [measure, excess] of sums) {
    assert(excess === 0n, `shop: ${measure} is not conserved: ${excess} more are held than came in`)
  }
}

export const shop: Suite = {
  name: 'shop',
  about: 'the shop: paid means taken, nothing oversold, nobody charged twice, goods and money conserved',
  goals: [
    'finished',
    'ok after a retry',
    'gave up: unknown',
    'paid twice, charged once',
    'checkout: outOfStock',
    'checkout: outOfCredit',
    'payOrder: ok',
    'cancel: ok',
    ...groupGoals,
    ...shardGoals,
  ],
  planted: shopBugs,
  run: runShop,
}
