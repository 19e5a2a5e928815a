/** `cluster order demo`: sells something, step by step, and shows that all or nothing changed. */
import { callAny } from '../call-node.ts'
import { type FoundCluster, findCluster, type WhereOptions, whereOptions } from '../find-cluster.ts'
import { colour, duration, print, printJson } from '../output.ts'
import type { Verb } from '../verb.ts'

type Options = WhereOptions & { readonly json?: true }

export const order: Verb = {
  name: 'order',
  chapter: 'Using',
  summary: 'take an order through the shop, step by step',
  examples: ['order demo', 'order demo --json'],
  define(command) {
    const demo = command
      .command('demo')
      .description('a user, two items, an order, a checkout')
      .helpOption('-h, --help', 'this help')
    whereOptions(demo).option('--json', 'print what stands at the end as JSON')
    demo.action((options: Options) => act(options))
  },
}

async function act(options: Options): Promise<void> {
  const shop = await stepper(options)
  const { user_id: user } = (await shop.post('a user', '/payment/create_user')) as { user_id: string }
  await shop.post('  gets 100 credit', `/payment/add_funds/${user}/100`)
  const tea = await item(shop, 'tea', 7, 10)
  const cup = await item(shop, 'a cup', 12, 3)
  const { order_id: id } = (await shop.post('an order', `/orders/create/${user}`)) as { order_id: string }
  await shop.post('  two of tea', `/orders/addItem/${id}/${tea}/2`)
  await shop.post('  one cup', `/orders/addItem/${id}/${cup}/1`)
  await shop.post('checkout: order, stock and credit change together', `/orders/checkout/${id}`)
  await shop.post('checkout again: paid already, nothing is charged', `/orders/checkout/${id}`)
  const end = {
    order: await shop.get(`/orders/find/${id}`),
    user: await shop.get(`/payment/find_user/${user}`),
    tea: await shop.get(`/stock/find/${tea}`),
    cup: await shop.get(`/stock/find/${cup}`),
  }
  if (options.json === true) printJson(end)
  else for (const [name, state] of Object.entries(end)) print(`${name.padEnd(6)} ${JSON.stringify(state)}`)
}

interface Shop {
  post(what: string, path: string): Promise<unknown>
  get(path: string): Promise<unknown>
}

async function stepper(options: Options): Promise<Shop> {
  const found: FoundCluster = await findCluster(options)
  return {
    async post(what, path) {
      const begun = performance.now()
      const { body } = await callAny(found, path, { method: 'POST' })
      if (options.json !== true) {
        print(`${what.padEnd(52)} ${colour.dim(`POST ${path}  ${duration(performance.now() - begun)}`)}`)
      }
      return body
    },
    get: async path => (await callAny(found, path)).body,
  }
}

async function item(shop: Shop, name: string, price: number, stock: number): Promise<string> {
  const { item_id: id } = (await shop.post(`${name}, at ${price}`, `/stock/item/create/${price}`)) as {
    item_id: string
  }
  await shop.post(`  ${stock} of it in stock`, `/stock/add/${id}/${stock}`)
  return id
}
