/**
 * Checkouts over HTTP, as the shop's clients do them. Only newly paid orders count: each order is this run's own and
 * unpaid at first, and counts when the first 200 for it arrives. Answers that leave it open (a lost connection, 503,
 * 504) put the order back, to be asked for again. At the end the replicas are asked how many were paid.
 */
import { Failure } from '../node/failure.ts'
import type { Finding } from '../verify/finding.ts'
import { latest } from '../verify/latest.ts'
import { auditGroups, shardMap } from '../verify/snapshot.ts'
import { ShopUser } from './shop-user.ts'
import type { Setup, Step, Workload } from './workload.ts'

/** Nobody runs out of it. */
const plenty = 1_000_000_000
const price = 1
const unitsPerOrder = 2
const prepareMs = 130_000

export class Shop implements Workload {
  readonly unit = 'newly paid orders'
  readonly #setup: Setup
  readonly #items: number
  readonly #customers: number
  readonly #users: readonly ShopUser[]
  readonly #open: string[] = []
  #next = 0
  #paid = 0
  /** Asked for, and not known to be paid or not. */
  readonly #inDoubt = new Set<string>()
  #unitsBefore: number | undefined

  constructor(setup: Setup, items: number = setup.keys) {
    this.#setup = setup
    this.#items = items
    this.#customers = Math.max(items, 1_000)
    this.#users = Array.from({ length: setup.users }, (_, user) => new ShopUser(setup.nodes, user))
  }

  async prepare(): Promise<void> {
    const { orders, create } = this.#setup
    await this.#init(`/payment/batch_init/${this.#customers}/${plenty}`)
    await this.#init(`/stock/batch_init/${this.#items}/${plenty}/${price}`)
    if (!create) await this.#init(`/orders/batch_init/${orders}/${this.#items}/${this.#customers}/${price}`)
    this.#unitsBefore = await this.#soldUnits()
  }

  step(user: number): Promise<Step> | undefined {
    const shopper = this.#users[user]
    if (shopper === undefined) throw new Error(`there is no user ${user}`)
    if (this.#setup.create) return this.#createAndPay(shopper)
    const order = this.#open.pop() ?? (this.#next < this.#setup.orders ? String(this.#next++) : undefined)
    return order === undefined ? undefined : this.#checkout(shopper, order)
  }

  async finish(): Promise<readonly Finding[]> {
    const after = await this.#soldUnits()
    if (after === undefined || this.#unitsBefore === undefined) return []
    return [judgeSold(this.#paid, this.#inDoubt.size, (after - this.#unitsBefore) / unitsPerOrder)]
  }

  close(): void {
    for (const user of this.#users) user.close()
  }

  async #checkout(shopper: ShopUser, order: string): Promise<Step> {
    const { step } = await shopper.post(`/orders/checkout/${order}`, 'paid')
    if (step.outcome === 'ok') {
      this.#paid += 1
      this.#inDoubt.delete(order)
    } else if (step.outcome !== 'refused') {
      this.#open.push(order)
      if (step.outcome === 'unknown') this.#inDoubt.add(order)
    }
    return step
  }

  async #createAndPay(shopper: ShopUser): Promise<Step> {
    const again = this.#open.pop()
    if (again !== undefined) return this.#checkout(shopper, again)
    const created = await shopper.post(`/orders/create/${draw(this.#customers)}`, 'created')
    if (created.step.outcome !== 'ok') return created.step
    const order = (JSON.parse(created.body) as { order_id: string }).order_id
    for (let line = 0; line < unitsPerOrder; line++) {
      const { step } = await shopper.post(`/orders/addItem/${order}/${draw(this.#items)}/1`, 'added')
      if (step.outcome !== 'ok') return step
    }
    const began = performance.now()
    const step = await this.#checkout(shopper, order)
    return { ...step, ms: performance.now() - began }
  }

  /** Safe to repeat, so that a node that is not ready yet only costs time. */
  async #init(path: string): Promise<void> {
    const tries = 5
    for (let at = 1; ; at++) {
      const { step, body } = (await this.#users[0]?.post(path, 'ready', prepareMs)) ?? {
        step: undefined,
        body: '',
      }
      if (step?.outcome === 'ok') return
      if (at === tries || step?.outcome === 'refused') {
        const why = /"detail":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body
        throw new Failure(`POST ${path}: ${step?.reason}${why === '' ? '' : `: ${why}`}`)
      }
    }
  }

  /** Units of goods in paid orders, by the replicas' own counts. Undefined where they cannot be asked. */
  async #soldUnits(): Promise<number | undefined> {
    const { admin, nodes } = this.#setup
    if (admin === undefined) return undefined
    const cluster = { nodes, get: admin }
    const map = await shardMap(cluster)
    const groups = Object.entries(map.groups).filter(([group]) => group.startsWith('orders.'))
    const views = await auditGroups(cluster, { ...map, groups: Object.fromEntries(groups) })
    if (views.some(view => view.audits.length === 0)) return undefined
    return views.reduce((sum, view) => sum + Number(latest(view)?.audit?.held?.orders?.goods ?? 0), 0)
  }
}

export function judgeSold(paid: number, inDoubt: number, counted: number): Finding {
  const check = 'newly paid'
  const told = `clients were told of ${paid}${inDoubt > 0 ? `, ${inDoubt} are in doubt` : ''}`
  if (counted < paid) {
    return {
      check,
      verdict: 'violated',
      detail: `${told}; the replicas hold only ${counted}: acknowledged orders are lost`,
    }
  }
  if (counted > paid + inDoubt) {
    return { check, verdict: 'unknown', detail: `${told}; the replicas hold ${counted}: others bought too` }
  }
  return { check, verdict: 'ok', detail: `${told}; the replicas hold ${counted}` }
}

function draw(below: number): string {
  return String(Math.floor(Math.random() * below))
}
