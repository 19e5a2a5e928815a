/** The shop's HTTP contract: orders, stock, payment. Amounts are in the path; there are no bodies. */
import type { Asking, OrdersRequest, PaymentRequest, ServiceAnswer, StockRequest } from '@synod/actors'
import type { Context } from 'hono'
import { idempotency } from './idempotency.ts'
import { askActor, type GatewayNode } from './node.ts'
import { failure } from './outcome.ts'
import { problem } from './problem.ts'
import type { Method, Route } from './route.ts'
import { amount, created, done, found, id, loaded, paid, shopParameters, text } from './shop-schemas.ts'
import { writeHandle } from './tx-id.ts'

/** `batch_init` works in chunks and takes its time. */
export const bulkDeadlineMs = 120_000

type Ask<Request> = Request extends unknown ? Omit<Request, keyof Asking> : never
type Entry = readonly [
  method: Method,
  path: string,
  summary: string,
  result: object,
  request: (c: Context) => object,
]

const orders: readonly Entry[] = entries<OrdersRequest>([
  [
    'POST',
    '/create/{user_id}',
    'Create an order',
    created.order,
    c => ({ type: 'create', user: id(c, 'user_id') }),
  ],
  ['GET', '/find/{order_id}', 'An order', found.order, c => ({ type: 'find', order: id(c, 'order_id') })],
  [
    'POST',
    '/addItem/{order_id}/{item_id}/{quantity}',
    'Add units of an item at its price now',
    text,
    c => ({
      type: 'addItem',
      order: id(c, 'order_id'),
      item: id(c, 'item_id'),
      quantity: amount(c, 'quantity'),
    }),
  ],
  [
    'POST',
    '/addItem/{order_id}/{item_id}',
    'Add one unit of an item',
    text,
    c => ({ type: 'addItem', order: id(c, 'order_id'), item: id(c, 'item_id'), quantity: 1 }),
  ],
  [
    'DELETE',
    '/removeItem/{order_id}/{item_id}',
    'Remove one unit of an item',
    text,
    c => ({ type: 'removeItem', order: id(c, 'order_id'), item: id(c, 'item_id') }),
  ],
  [
    'DELETE',
    '/remove/{order_id}',
    'Remove an order',
    text,
    c => ({ type: 'remove', order: id(c, 'order_id') }),
  ],
  [
    'POST',
    '/checkout/{order_id}',
    'Take stock and credit and mark the order paid, all or nothing',
    text,
    c => ({ type: 'checkout', order: id(c, 'order_id') }),
  ],
  [
    'POST',
    '/batch_init/{n}/{n_items}/{n_users}/{item_price}',
    'Replace orders "0" to "n-1"',
    loaded,
    c => ({
      type: 'batchInit',
      orders: amount(c, 'n'),
      items: amount(c, 'n_items'),
      users: amount(c, 'n_users'),
      price: amount(c, 'item_price'),
    }),
  ],
])

const stock: readonly Entry[] = entries<StockRequest>([
  [
    'POST',
    '/item/create/{price}',
    'Create an item',
    created.item,
    c => ({ type: 'create', price: amount(c, 'price') }),
  ],
  [
    'GET',
    '/find/{item_id}',
    'Stock and price of an item',
    found.item,
    c => ({ type: 'find', item: id(c, 'item_id') }),
  ],
  [
    'POST',
    '/add/{item_id}/{amount}',
    'Put units into stock',
    text,
    c => ({ type: 'add', item: id(c, 'item_id'), amount: amount(c, 'amount') }),
  ],
  [
    'POST',
    '/subtract/{item_id}/{amount}',
    'Take units out of stock',
    text,
    c => ({ type: 'subtract', item: id(c, 'item_id'), amount: amount(c, 'amount') }),
  ],
  [
    'POST',
    '/batch_init/{n}/{starting_stock}/{item_price}',
    'Replace items "0" to "n-1"',
    loaded,
    c => ({
      type: 'batchInit',
      items: amount(c, 'n'),
      stock: amount(c, 'starting_stock'),
      price: amount(c, 'item_price'),
    }),
  ],
])

const payment: readonly Entry[] = entries<PaymentRequest>([
  ['POST', '/create_user', 'Create a user', created.user, () => ({ type: 'create' })],
  [
    'GET',
    '/find_user/{user_id}',
    'A user and their credit',
    found.user,
    c => ({ type: 'find', user: id(c, 'user_id') }),
  ],
  [
    'POST',
    '/add_funds/{user_id}/{amount}',
    'Add credit',
    done,
    c => ({ type: 'addFunds', user: id(c, 'user_id'), amount: amount(c, 'amount') }),
  ],
  [
    'POST',
    '/pay/{user_id}/{amount}',
    'Take credit',
    text,
    c => ({ type: 'pay', user: id(c, 'user_id'), amount: amount(c, 'amount') }),
  ],
  [
    'POST',
    '/pay/{user_id}/{order_id}/{amount}',
    'Take credit for an order',
    text,
    c => ({
      type: 'payOrder',
      user: id(c, 'user_id'),
      order: id(c, 'order_id'),
      amount: amount(c, 'amount'),
    }),
  ],
  [
    'POST',
    '/cancel/{user_id}/{order_id}',
    'Give back what was paid for an order by /payment/pay',
    text,
    c => ({ type: 'cancel', user: id(c, 'user_id'), order: id(c, 'order_id') }),
  ],
  ...(['GET', 'POST'] as const).map(
    method =>
      [
        method,
        '/status/{user_id}/{order_id}',
        'Whether an order is paid',
        paid,
        (c: Context) => ({ type: 'status' as const, user: id(c, 'user_id'), order: id(c, 'order_id') }),
      ] as const,
  ),
  [
    'POST',
    '/batch_init/{n}/{starting_money}',
    'Replace users "0" to "n-1"',
    loaded,
    c => ({ type: 'batchInit', users: amount(c, 'n'), money: amount(c, 'starting_money') }),
  ],
])

/** Checks that each entry makes a request of its service. */
function entries<Request>(
  list: readonly (readonly [Method, string, string, object, (c: Context) => Ask<Request>])[],
): readonly Entry[] {
  return list as readonly Entry[]
}

export function shopRoutes(node: GatewayNode, deadlineMs: number): readonly Route[] {
  const of = (service: string, list: readonly Entry[]) =>
    list.map(
      ([method, path, summary, result, request]): Route => ({
        method,
        path: `/${service}${path}`,
        tag: service,
        summary,
        parameters: shopParameters,
        result,
        ...(result === text ? { text: true } : {}),
        answers: {
          200: 'done',
          400: 'refused; nothing changed',
          504: 'unknown',
        },
        handle: c =>
          serve(c, node, service, request(c), path.startsWith('/batch_init') ? bulkDeadlineMs : deadlineMs),
      }),
    )
  return [...of('orders', orders), ...of('stock', stock), ...of('payment', payment)]
}

async function serve(
  c: Context,
  node: GatewayNode,
  service: string,
  request: object,
  deadlineMs: number,
): Promise<Response> {
  const key = c.req.method === 'GET' ? undefined : await idempotency(c)
  const asked = await askActor<ServiceAnswer>(node, service, { ...request, ...key, deadlineMs })
  if (asked.status !== 'answered') return failure(c, asked.status, asked.detail)
  const answer = asked.result
  switch (answer.status) {
    case 'ok':
      return typeof answer.body === 'string' ? c.text(answer.body) : c.json(answer.body)
    case 'refused':
      return problem(c, 400, 'refused', answer.detail, { members: { reason: answer.code } })
    default:
      return failure(c, answer.status, answer.detail, answer.transaction && writeHandle(answer.transaction))
  }
}
