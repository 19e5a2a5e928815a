/** What the shoppers know of the shop: certain and possible changes, to be compared with the data at the end. */
import { assert } from '@synod/runtime/protocol'
import type { Called } from './service-caller.ts'

/** A number that clients changed: certain changes, and what may have come or gone on top. */
export class Account {
  certain = 0
  mostIn = 0
  mostOut = 0

  change(amount: number, called: Called): void {
    if (called.status === 'ok') this.certain += amount
    if (called.status !== 'unknown') return
    if (amount > 0) this.mostIn += amount
    else this.mostOut -= amount
  }

  /** `spent`: what the orders took, by the data. */
  check(what: string, actual: number, spent: number): void {
    const expected = this.certain - spent
    assert(
      actual >= 0 && actual >= expected - this.mostOut && actual <= expected + this.mostIn,
      `shop: ${what} is ${actual}, not ${expected} (+${this.mostIn} −${this.mostOut} of unknown fate)`,
    )
  }
}

export interface KnownOrder {
  readonly id: string
  readonly user: string
  /** `maybe`: a checkout has an unknown fate. */
  checkout: 'none' | 'maybe' | 'paid'
}

export interface FoundOrder {
  readonly paid: boolean
  readonly items: readonly (readonly [item: string, quantity: number])[]
  readonly user_id: string
  readonly total_cost: number
}

export class Books {
  /** Item → price and count. */
  readonly items = new Map<string, { readonly price: number; readonly count: Account }>()
  readonly users = new Map<string, Account>()
  /** Users who paid ahead: their credit is not predicted, but conserved like all. */
  readonly paidAhead = new Set<string>()
  readonly orders = new Map<string, KnownOrder>()

  checkOrder(order: KnownOrder, found: FoundOrder): void {
    const { id, checkout } = order
    assert(found.user_id === order.user, `shop: order ${id} is of ${found.user_id}, not ${order.user}`)
    assert(!found.paid || checkout !== 'none', `shop: order ${id} is paid, but nobody checked it out`)
    assert(found.paid || checkout !== 'paid', `shop: order ${id} is not paid, but its checkout was answered`)
    let total = 0
    for (const [item, quantity] of found.items) total += (this.items.get(item)?.price ?? 0) * quantity
    assert(total === found.total_cost, `shop: order ${id} costs ${found.total_cost}, its items ${total}`)
  }
}
