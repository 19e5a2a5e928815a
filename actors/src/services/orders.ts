/** Orders: created, filled, checked out. A checkout is one transaction over the order, every item and the user. */

import { hash32 } from '../sharding/shard-map.ts'
import type { Operation } from '../transactions/operations.ts'
import {
  badAmount,
  badId,
  type Decision,
  done,
  type Held,
  type Logic,
  mostRows,
  refused,
  transact,
} from './logic.ts'
import type { OrdersRequest } from './messages.ts'
import {
  change,
  countKey,
  json,
  type Order,
  orderKey,
  priceKey,
  quantities,
  units,
  withItem,
  withOrder,
  withoutItem,
} from './order.ts'

type Request<Type extends OrdersRequest['type']> = Extract<OrdersRequest, { type: Type }>
/** A transaction has at most 1,000 operations. */
const mostLines = 900

export const ordersLogic: Logic<OrdersRequest> = {
  invalid,
  keys(request) {
    if (request.type === 'create' || request.type === 'batchInit') return []
    const order = orderKey(request.order)
    return request.type === 'addItem' ? [order, priceKey(request.item)] : [order]
  },
  readsFast: request => request.type === 'checkout',
  decide(request, held, unique) {
    if (request.type === 'batchInit') return { kind: 'load', rows: request.orders }
    if (request.type === 'create') return create(request, unique)
    return withOrder(request.order, held[0], order => decideOn(request, order, held))
  },
  done(request, _result, unique) {
    switch (request.type) {
      case 'create':
        return { order_id: createdId(request.user, unique) }
      case 'addItem':
        return `${request.quantity} of item ${request.item} added to order ${request.order}`
      case 'removeItem':
        return `one of item ${request.item} removed from order ${request.order}`
      case 'remove':
        return `order ${request.order} removed`
      case 'batchInit':
        return { msg: 'Batch init for orders successful' }
      default:
        return `order ${request.order} is paid`
    }
  },
  row: (request, row, random) => (request.type === 'batchInit' ? [initialOrder(request, row, random)] : []),
}

function invalid(request: OrdersRequest): string | undefined {
  switch (request.type) {
    case 'create':
      return badId('user id', request.user)
    case 'addItem':
      return (
        badId('order id', request.order) ??
        badId('item id', request.item) ??
        badAmount('quantity', request.quantity, 1)
      )
    case 'removeItem':
      return badId('order id', request.order) ?? badId('item id', request.item)
    case 'batchInit':
      return (
        badAmount('n', request.orders, 0, mostRows) ??
        badAmount('n_items', request.items, 1) ??
        badAmount('n_users', request.users, 1) ??
        badAmount('item_price', request.price, 0, Math.floor(Number.MAX_SAFE_INTEGER / 2))
      )
    default:
      return badId('order id', request.order)
  }
}

/** It lies with its user, whatever shard that is: the placement is part of the id. */
export function createdId(user: string, unique: string): string {
  return `${hash32(user).toString(16).padStart(8, '0')}~${unique}`
}

function create(request: Request<'create'>, unique: string): Decision {
  const order: Order = { user: request.user, items: [], total: 0, paid: false }
  const key = orderKey(createdId(request.user, unique))
  return transact({ op: 'put', ...key, value: json(order), external: true })
}

function decideOn(
  request: Exclude<OrdersRequest, { type: 'create' | 'batchInit' }>,
  order: Order,
  held: readonly Held[],
): Decision {
  switch (request.type) {
    case 'find':
      return done(found(request.order, order))
    case 'addItem':
      return addItem(request, order, held)
    case 'removeItem':
      return removeItem(request, order, held[0])
    case 'remove':
      return remove(request, order, held[0])
    case 'checkout':
      return checkout(request, order, held[0])
  }
}

function found(id: string, order: Order) {
  return {
    order_id: id,
    paid: order.paid,
    items: order.items.map(([item, quantity]) => [item, quantity] as const),
    user_id: order.user,
    total_cost: order.total,
  }
}

function addItem(request: Request<'addItem'>, order: Order, held: readonly Held[]): Decision {
  const { order: id, item, quantity } = request
  const price = held[1]?.value
  if (order.paid) return refused('alreadyPaid', `order ${id} is paid already`)
  if (typeof price !== 'number') return refused('unknownItem', `there is no item ${item}`)
  const next = withItem(order, item, quantity, price)
  if (!Number.isSafeInteger(next.total) || !Number.isSafeInteger(units(next))) {
    return refused('badRequest', `order ${id} would grow beyond ${Number.MAX_SAFE_INTEGER}`)
  }
  if (next.items.length > mostLines) return refused('badRequest', `an order has at most ${mostLines} lines`)
  return change(id, held[0], next, undefined)
}

function removeItem(request: Request<'removeItem'>, order: Order, held: Held | undefined): Decision {
  if (order.paid) return refused('alreadyPaid', `order ${request.order} is paid already`)
  const next = withoutItem(order, request.item)
  if (next === undefined) {
    return refused('unknownItem', `order ${request.order} has no item ${request.item}`)
  }
  return change(request.order, held, next, undefined)
}

/** [SV5] What was paid ahead goes back to the user; what a checkout took has left the shop. */
function remove(request: Request<'remove'>, order: Order, held: Held | undefined): Decision {
  if (!order.paid) {
    return change(request.order, held, undefined, { user: order.user, amount: order.prepaid ?? 0 })
  }
  const key = orderKey(request.order)
  return transact(
    { op: 'check', ...key, version: held?.version ?? 0 },
    { op: 'delete', ...key, external: true },
  )
}

/** [SV1] Stock, credit and the flag change together or not at all. */
function checkout(request: Request<'checkout'>, order: Order, held: Held | undefined): Decision {
  if (order.paid) return done(`order ${request.order} is paid`)
  const { prepaid = 0, ...rest } = order
  const takes = [...quantities(order)].map(
    ([item, quantity]): Operation => ({ op: 'add', ...countKey(item), amount: -quantity, min: 0 }),
  )
  const credit = { user: order.user, amount: prepaid - order.total }
  return change(request.order, held, { ...rest, paid: true }, credit, takes)
}

function initialOrder(request: Request<'batchInit'>, row: number, random: () => number): Operation {
  const draw = (below: number) => String(Math.floor(random() * below))
  const user = draw(request.users)
  const items = [1, 2].map(() => [draw(request.items), 1, request.price] as const)
  const order: Order = { user, items, total: 2 * request.price, paid: false }
  return { op: 'put', ...orderKey(String(row)), value: json(order), external: true }
}
