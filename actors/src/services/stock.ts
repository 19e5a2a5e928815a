/** Stock: items with a price and a count, separate keys, so that reading a price never meets a sale. */
import type { Operation } from '../transactions/operations.ts'
import { badAmount, badId, done, type Held, type Logic, mostRows, refused, transact } from './logic.ts'
import type { StockRequest } from './messages.ts'
import { countKey, priceKey } from './order.ts'

export const stockLogic: Logic<StockRequest> = {
  invalid,
  keys: request => (request.type === 'find' ? [countKey(request.item), priceKey(request.item)] : []),
  readsFast: () => false,
  decide(request, held, unique) {
    switch (request.type) {
      case 'create':
        return transact(...item(unique, request.price, 0))
      case 'find':
        return find(request.item, held)
      case 'add':
        return transact({
          op: 'add',
          ...countKey(request.item),
          amount: request.amount,
          min: 0,
          external: true,
        })
      case 'subtract':
        return transact({
          op: 'add',
          ...countKey(request.item),
          amount: -request.amount,
          min: 0,
          external: true,
        })
      case 'batchInit':
        return { kind: 'load', rows: request.items }
    }
  },
  done(request, result, unique) {
    if (request.type === 'create') return { item_id: unique }
    if (request.type === 'batchInit') return { msg: 'Batch init for stock successful' }
    const stock = result !== undefined && 'value' in result ? result.value : null
    return `item ${request.item} has ${stock} in stock`
  },
  row: (request, row) =>
    request.type === 'batchInit' ? item(String(row), request.price, request.stock) : [],
}

function item(id: string, price: number, count: number): Operation[] {
  return [
    { op: 'put', ...priceKey(id), value: price, external: true },
    { op: 'put', ...countKey(id), value: count, external: true },
  ]
}

function find(id: string, [count, price]: readonly Held[]) {
  if (typeof count?.value !== 'number' || typeof price?.value !== 'number') {
    return refused('unknownItem', `there is no item ${id}`)
  }
  return done({ stock: count.value, price: price.value })
}

function invalid(request: StockRequest): string | undefined {
  switch (request.type) {
    case 'create':
      return badAmount('price', request.price, 0)
    case 'find':
      return badId('item id', request.item)
    case 'batchInit':
      return (
        badAmount('n', request.items, 0, mostRows) ??
        badAmount('starting_stock', request.stock, 0) ??
        badAmount('item_price', request.price, 0)
      )
    default:
      return badId('item id', request.item) ?? badAmount('amount', request.amount, 0)
  }
}
