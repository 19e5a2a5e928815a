/** An order as it is kept in the keyspace `orders`, and the pure steps that change it. */
import type { Json } from '@synod/runtime/protocol'
import type { Operation } from '../transactions/operations.ts'
import { type Decision, type Held, type Key, refused, transact } from './logic.ts'

/** Item, quantity, and the price of one that was agreed when it was added. */
export type Line = readonly [item: string, quantity: number, price: number]
export interface Order {
  readonly user: string
  readonly items: readonly Line[]
  readonly total: number
  /** Stock and credit were taken. */
  readonly paid: boolean
  /** Taken from the user's credit ahead of the checkout, and held here (`/payment/pay/{user}/{order}/{amount}`). */
  readonly prepaid?: number
}

export const ordersKeyspace = 'orders'
export const stockKeyspace = 'stock'
export const paymentKeyspace = 'payment'

export const orderKey = (order: string): Key => ({ keyspace: ordersKeyspace, key: order })
export const priceKey = (item: string): Key => ({ keyspace: stockKeyspace, key: `${item}/price` })
export const countKey = (item: string): Key => ({ keyspace: stockKeyspace, key: `${item}/count` })
export const creditKey = (user: string): Key => ({ keyspace: paymentKeyspace, key: user })

/** Undefined for what is not an order: the keyspace is open to `PUT /kv` as well. */
export function orderOf(value: Json | undefined): Order | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { user, items, total, paid, prepaid } = value as { readonly [key: string]: Json }
  const sound = typeof user === 'string' && Array.isArray(items) && typeof total === 'number'
  if (!sound || typeof paid !== 'boolean' || !items.every(isLine)) return undefined
  return {
    user,
    items: items as unknown as readonly Line[],
    total,
    paid,
    ...(typeof prepaid === 'number' ? { prepaid } : {}),
  }
}

function isLine(line: Json): boolean {
  return Array.isArray(line) && typeof line[0] === 'string' && typeof line[1] === 'number'
}

/** Decides from the order as it was read, if there is one. */
export function withOrder(id: string, held: Held | undefined, decide: (order: Order) => Decision): Decision {
  if (held === undefined || held.version === 0) return refused('unknownOrder', `there is no order ${id}`)
  const order = orderOf(held.value)
  return order === undefined
    ? refused('badRequest', `what is kept as order ${id} is not an order`)
    : decide(order)
}

/**
 * Changes the order if it is still as it was read. The credit's operation always has the same place, so that a
 * recorded refusal can be told from its position (flow.ts).
 */
export function change(
  id: string,
  held: Held | undefined,
  next: Order | undefined,
  credit: { readonly user: string; readonly amount: number } | undefined,
  more: readonly Operation[] = [],
): Decision {
  const key = orderKey(id)
  return transact(
    { op: 'check', ...key, version: held?.version ?? 0 },
    next === undefined ? { op: 'delete', ...key } : { op: 'put', ...key, value: json(next) },
    credit === undefined || credit.amount === 0
      ? { op: 'get', ...key }
      : { op: 'add', ...creditKey(credit.user), amount: credit.amount, min: 0 },
    ...more,
  )
}

export function json(order: Order): Json {
  return order as unknown as Json
}

/** Units per item, all lines of it summed, in order of first appearance. */
export function quantities(order: Order): Map<string, number> {
  const sums = new Map<string, number>()
  for (const [item, quantity] of order.items) sums.set(item, (sums.get(item) ?? 0) + quantity)
  return sums
}

export function units(order: Order): number {
  return order.items.reduce((sum, [, quantity]) => sum + quantity, 0)
}

/** Lines of the same item at the same price are one line. */
export function withItem(order: Order, item: string, quantity: number, price: number): Order {
  const at = order.items.findIndex(line => line[0] === item && line[2] === price)
  const items: Line[] = [...order.items]
  const line = items[at]
  if (line === undefined) items.push([item, quantity, price])
  else items[at] = [item, line[1] + quantity, price]
  return { ...order, items, total: order.total + quantity * price }
}

/** One unit less, of the line that was added last; undefined when the order has none. */
export function withoutItem(order: Order, item: string): Order | undefined {
  const at = order.items.findLastIndex(line => line[0] === item)
  const line = order.items[at]
  if (line === undefined) return undefined
  const [, quantity, price = 0] = line
  const items =
    quantity > 1
      ? order.items.with(at, [item, quantity - 1, price])
      : order.items.filter((_, index) => index !== at)
  return { ...order, items, total: order.total - price }
}
