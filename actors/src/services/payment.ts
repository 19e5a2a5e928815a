/** Payment: users and their credit; and paying for an order ahead of its checkout (the routes of 2021 to 2023). */
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
import type { PaymentRequest } from './messages.ts'
import { change, creditKey, type Order, orderKey, withOrder } from './order.ts'

type OfOrder = Extract<PaymentRequest, { order: string }>

export const paymentLogic: Logic<PaymentRequest> = {
  invalid,
  keys(request) {
    if (request.type === 'find') return [creditKey(request.user)]
    return 'order' in request ? [orderKey(request.order)] : []
  },
  readsFast: () => false,
  decide(request, held, unique) {
    switch (request.type) {
      case 'create':
        return transact({ op: 'put', ...creditKey(unique), value: 0, external: true })
      case 'find':
        return find(request.user, held[0])
      case 'addFunds':
        return transact({
          op: 'add',
          ...creditKey(request.user),
          amount: request.amount,
          min: 0,
          external: true,
        })
      case 'pay':
        return transact({
          op: 'add',
          ...creditKey(request.user),
          amount: -request.amount,
          min: 0,
          external: true,
        })
      case 'batchInit':
        return { kind: 'load', rows: request.users }
      default:
        return withOrder(request.order, held[0], order => decideOn(request, order, held[0]))
    }
  },
  done(request, _result, unique) {
    switch (request.type) {
      case 'create':
        return { user_id: unique }
      case 'addFunds':
        return { done: true }
      case 'batchInit':
        return { msg: 'Batch init for users successful' }
      case 'cancel':
        return `payment of user ${request.user} for order ${request.order} cancelled`
      case 'payOrder':
        return `user ${request.user} paid ${request.amount} for order ${request.order}`
      case 'pay':
        return `user ${request.user} paid ${request.amount}`
      default:
        return null
    }
  },
  row: (request, row) =>
    request.type === 'batchInit'
      ? [{ op: 'put', ...creditKey(String(row)), value: request.money, external: true }]
      : [],
}

function find(user: string, held: Held | undefined): Decision {
  if (typeof held?.value !== 'number') return refused('unknownUser', `there is no user ${user}`)
  return done({ user_id: user, credit: held.value })
}

/** [SV6] What is paid ahead moves from the credit into the order; cancelling moves it back. */
function decideOn(request: OfOrder, order: Order, held: Held | undefined): Decision {
  const { user, order: id } = request
  if (order.user !== user) return refused('unknownOrder', `user ${user} has no order ${id}`)
  const { prepaid, ...rest } = order
  if (request.type === 'status') {
    return done({ paid: order.paid || (prepaid !== undefined && prepaid >= order.total) })
  }
  if (order.paid) return refused('alreadyPaid', `order ${id} was paid by its checkout`)
  if (request.type === 'cancel') {
    if (prepaid === undefined) return refused('notPaid', `user ${user} has not paid for order ${id}`)
    return change(id, held, rest, { user, amount: prepaid })
  }
  if (prepaid !== undefined) return refused('alreadyPaid', `user ${user} has paid for order ${id} already`)
  return change(id, held, { ...rest, prepaid: request.amount }, { user, amount: -request.amount })
}

function invalid(request: PaymentRequest): string | undefined {
  switch (request.type) {
    case 'create':
      return undefined
    case 'batchInit':
      return badAmount('n', request.users, 0, mostRows) ?? badAmount('starting_money', request.money, 0)
    case 'find':
      return badId('user id', request.user)
    case 'addFunds':
    case 'pay':
      return badId('user id', request.user) ?? badAmount('amount', request.amount, 0)
    case 'payOrder':
      return (
        badId('user id', request.user) ??
        badId('order id', request.order) ??
        badAmount('amount', request.amount, 0)
      )
    default:
      return badId('user id', request.user) ?? badId('order id', request.order)
  }
}
