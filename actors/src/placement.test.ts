import { type Address, address, nodeId } from '@synod/runtime/protocol'
import { Simulation } from '@synod/runtime/simulation'
import { describe, expect, it } from 'vitest'
import { nodeActors } from './placement.ts'
import type {
  Asking,
  OrdersRequest,
  PaymentRequest,
  ServiceAnswer,
  StockRequest,
} from './services/messages.ts'
import type { SessionAnswer, SessionRequest } from './sessions/messages.ts'
import { initialMap } from './sharding/initial-map.ts'

const nodes = ['n1', 'n2', 'n3'].map(nodeId)
const layout = { shards: 3, replicas: 3 }
const map = initialMap({ nodes, keyspaces: { orders: layout, stock: layout, payment: layout, kv: layout } })

type Ask<Request> = Request extends unknown ? Omit<Request, keyof Asking> & Partial<Asking> : never
type Asked = {
  orders: Ask<OrdersRequest>
  stock: Ask<StockRequest>
  payment: Ask<PaymentRequest>
  session: SessionRequest
}

/** A cluster in virtual time, and clients that ask any node and wait. */
class Cluster {
  readonly sim: Simulation

  constructor(seed: number) {
    this.sim = new Simulation({ seed, nodes })
    for (const node of nodes) {
      for (const { type, name, config } of nodeActors({ node, map })) this.sim.place(node, type, name, config)
    }
    this.sim.run(() => nodes.every(node => this.sim.status(node) === 'running'))
  }

  /** All at once; their answers in order. */
  all<S extends keyof Asked>(asks: readonly { node: string; to: S; request: Asked[S] }[]): unknown[] {
    const answers = new Map<number, unknown>()
    for (const [index, { node, to, request }] of asks.entries()) {
      const where: Address = address(nodeId(node), to, 'main')
      this.sim.ask(node, where, { deadlineMs: 10_000, ...request }, 12_000, answer => {
        answers.set(index, answer.outcome === 'answered' ? answer.result : answer)
      })
    }
    this.sim.run(() => answers.size === asks.length, { maxMs: 30_000 })
    return asks.map((_, index) => answers.get(index))
  }

  ask<S extends keyof Asked>(node: string, to: S, request: Asked[S]): unknown {
    return this.all([{ node, to, request }])[0]
  }

  body<S extends 'orders' | 'stock' | 'payment'>(to: S, request: Asked[S]): Record<string, unknown> {
    const answer = this.ask('n2', to, request) as ServiceAnswer
    if (answer.status !== 'ok') throw new Error(JSON.stringify(answer))
    return answer.body as Record<string, unknown>
  }
}

describe('what a node hosts', () => {
  it('is its members of every group, a session and the services', () => {
    const hosted = nodes.map(node =>
      nodeActors({ node, map }).map(({ type, name }) => `${type.type}/${name}`),
    )
    for (const own of hosted) {
      expect(new Set(own).size).toBe(own.length)
      for (const type of ['session', 'orders', 'stock', 'payment']) expect(own).toContain(`${type}/main`)
    }
    for (const group of Object.values(map.groups)) {
      for (const role of ['acceptor', 'proposer', 'learner']) {
        const members = hosted.filter(own => own.includes(`${role}/${group.group}`))
        expect(members).toHaveLength(group.members.length)
      }
    }
  })
})

describe('a cluster of three', () => {
  it('keeps a value, and counts exactly once', () => {
    const cluster = new Cluster(1)
    const id = { session: 'client', sequence: 1 }
    const add: SessionRequest = {
      type: 'transact',
      operations: [{ op: 'add', keyspace: 'kv', key: 'k', amount: 1, initial: 0 }],
      id,
      deadlineMs: 10_000,
    }
    for (const node of ['n1', 'n2', 'n3']) {
      expect(cluster.ask(node, 'session', add)).toMatchObject({
        outcome: { status: 'committed', results: [{ value: 1 }] },
      })
    }
    const read: SessionRequest = { type: 'read', keys: [{ keyspace: 'kv', key: 'k' }], deadlineMs: 10_000 }
    expect(cluster.ask('n3', 'session', read) as SessionAnswer).toMatchObject({
      status: 'ok',
      values: [{ value: 1 }],
    })
  })

  it('sells, atomically, also after a node died', () => {
    const cluster = new Cluster(2)
    const user = String(cluster.body('payment', { type: 'create' }).user_id)
    const item = String(cluster.body('stock', { type: 'create', price: 5 }).item_id)
    cluster.body('payment', { type: 'addFunds', user, amount: 100 })
    cluster.body('stock', { type: 'add', item, amount: 10 })
    for (const victim of [undefined, 'n1', 'n3']) {
      const order = String(cluster.body('orders', { type: 'create', user }).order_id)
      cluster.body('orders', { type: 'addItem', order, item, quantity: 2 })
      if (victim !== undefined) cluster.sim.crash(victim)
      expect(cluster.ask('n2', 'orders', { type: 'checkout', order })).toMatchObject({ status: 'ok' })
      if (victim !== undefined) cluster.sim.restart(victim)
      expect(cluster.body('orders', { type: 'find', order })).toMatchObject({ paid: true, total_cost: 10 })
    }
    expect(cluster.body('payment', { type: 'find', user })).toEqual({ user_id: user, credit: 70 })
    expect(cluster.body('stock', { type: 'find', item })).toEqual({ stock: 4, price: 5 })
  })

  it('sells exactly what there is, however many want it at the same moment', () => {
    const cluster = new Cluster(3)
    cluster.body('payment', { type: 'batchInit', users: 60, money: 1 })
    cluster.body('stock', { type: 'batchInit', items: 1, stock: 20, price: 1 })
    const orders = Array.from({ length: 60 }, (_, user) => {
      const order = String(cluster.body('orders', { type: 'create', user: String(user) }).order_id)
      cluster.body('orders', { type: 'addItem', order, item: '0', quantity: 1 })
      return order
    })
    const answers = cluster.all(
      orders.map((order, index) => ({
        node: `n${(index % 3) + 1}`,
        to: 'orders' as const,
        request: { type: 'checkout' as const, order },
      })),
    ) as ServiceAnswer[]
    expect(answers.filter(answer => answer.status === 'ok')).toHaveLength(20)
    for (const answer of answers) {
      if (answer.status !== 'ok') expect(answer).toMatchObject({ status: 'refused', code: 'outOfStock' })
    }
    expect(cluster.body('stock', { type: 'find', item: '0' })).toMatchObject({ stock: 0 })
  })
})
