/** A client of the shop as the public ones are: one request, one answer; lost connections go to the next node. */
import type { RealCluster } from './cluster.fixture.ts'

export interface ShopAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

export async function call(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  headers: Record<string, string> = {},
): Promise<ShopAnswer> {
  const response = await fetch(url, { method, headers })
  const text = await response.text()
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
}

export class Shop {
  readonly #cluster: Pick<RealCluster, 'url'>
  #next = 0

  constructor(cluster: Pick<RealCluster, 'url'>) {
    this.#cluster = cluster
  }

  /** Each request goes to another node. */
  post(path: string, headers: Record<string, string> = {}): Promise<ShopAnswer> {
    return call('POST', this.#cluster.url(this.#next++) + path, headers)
  }

  get(path: string): Promise<ShopAnswer> {
    return call('GET', this.#cluster.url(this.#next++) + path)
  }

  async must<Body>(answer: Promise<ShopAnswer>): Promise<Body> {
    const { status, body } = await answer
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`)
    return body as Body
  }

  async createItem(price: number, stock: number): Promise<string> {
    const { item_id: item } = await this.must<{ item_id: string }>(this.post(`/stock/item/create/${price}`))
    await this.must(this.post(`/stock/add/${item}/${stock}`))
    return item
  }

  async createUser(credit: number): Promise<string> {
    const { user_id: user } = await this.must<{ user_id: string }>(this.post('/payment/create_user'))
    await this.must(this.post(`/payment/add_funds/${user}/${credit}`))
    return user
  }

  async createOrder(
    user: string,
    ...items: readonly (readonly [item: string, quantity: number])[]
  ): Promise<string> {
    const { order_id: order } = await this.must<{ order_id: string }>(this.post(`/orders/create/${user}`))
    for (const [item, quantity] of items)
      await this.must(this.post(`/orders/addItem/${order}/${item}/${quantity}`))
    return order
  }

  async stock(item: string): Promise<number> {
    return (await this.must<{ stock: number }>(this.get(`/stock/find/${item}`))).stock
  }

  async credit(user: string): Promise<number> {
    return (await this.must<{ credit: number }>(this.get(`/payment/find_user/${user}`))).credit
  }

  async paid(order: string): Promise<boolean> {
    return (await this.must<{ paid: boolean }>(this.get(`/orders/find/${order}`))).paid
  }

  /** Asks node after node until one answers definitely: 200 or 4xx. What is open is safe to ask again. */
  async insist(path: string, withinMs = 60_000): Promise<number> {
    const deadline = performance.now() + withinMs
    let last: unknown
    while (performance.now() < deadline) {
      try {
        const { status } = await this.post(path)
        if (status < 500) return status
        last = status
      } catch (error) {
        last = error
      }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    throw new Error(`POST ${path}: no definite answer within ${withinMs} ms: ${last}`)
  }
}

/** Runs tasks, at most `width` at a time; results in the order of the tasks. */
export async function inParallel<T>(width: number, tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async () => {
    while (next < tasks.length) {
      const at = next++
      const task = tasks[at]
      if (task !== undefined) results[at] = await task()
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
