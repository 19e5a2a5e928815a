/** The shop of one node over groups that never fail, and what its tests ask of it. */
import { type Address, address, nodeId } from '@synod/runtime/protocol'
import { type Effects, startActor, type TestActor } from '@synod/runtime/simulation'
import { expect } from 'vitest'
import { FakeGroups } from '../sessions/fake-groups.fixture.ts'
import { session } from '../sessions/session.ts'
import { initialMap } from '../sharding/initial-map.ts'
import type { Submit } from '../transactions/messages.ts'
import { measures } from './measures.ts'
import type { OrdersRequest, PaymentRequest, ServiceAnswer, StockRequest } from './messages.ts'
import { orders, payment, stock } from './shop.ts'

const layout = { shards: 3, replicas: 3 }
const map = initialMap({
  nodes: ['n1', 'n2', 'n3'].map(nodeId),
  keyspaces: { orders: layout, stock: layout, payment: layout },
})
type Ask<Request> = Request extends unknown ? Omit<Request, 'deadlineMs'> : never
export type Asked = { orders: Ask<OrdersRequest>; stock: Ask<StockRequest>; payment: Ask<PaymentRequest> }
type Wire = { readonly from: Address; readonly to: Address; readonly message: unknown }

/**
 * One node with its session and services over groups that never fail. Messages are delivered in the order sent, or as
 * `next` picks.
 */
export class Shop {
  readonly groups = new FakeGroups(map)
  readonly node = nodeId('n1')
  readonly actors: Record<string, TestActor<unknown, unknown, unknown>> = {}
  readonly answers = new Map<number, ServiceAnswer>()
  readonly wires: Wire[] = []
  #requests = 0
  pick: (wires: number) => number = () => 0

  constructor() {
    for (const type of [session, orders, stock, payment]) {
      const self = address(this.node, type.type, 'main')
      const config = type === session ? { map } : {}
      this.actors[type.type] = startActor(type as never, config, {}, { self, seed: type.type }) as never
    }
  }

  begin<S extends keyof Asked>(to: S, request: Asked[S]): number {
    this.#requests += 1
    const id = this.#requests
    const event = {
      kind: 'request',
      request: { node: this.node, id },
      message: { deadlineMs: 10_000, ...request },
    }
    this.#collect(to, this.#actor(to).receive(event as never))
    return id
  }

  /** Delivers until nothing is under way. */
  settle(): void {
    for (let wire = this.#take(); wire !== undefined; wire = this.#take()) this.#deliver(wire)
  }

  #take(): Wire | undefined {
    return this.wires.splice(this.pick(this.wires.length), 1)[0]
  }

  #deliver({ from, to, message }: Wire): void {
    const [, type = ''] = to.split('/')
    if (type === 'learner') {
      this.wires.push({ from: to, to: from, message: this.groups.answer(to, message as Submit) })
    } else this.#collect(type, this.#actor(type).message(from, message))
  }

  #actor(type: string): TestActor<unknown, unknown, unknown> {
    const actor = this.actors[type]
    if (actor === undefined) throw new Error(`no actor ${type}`)
    return actor
  }

  #collect(type: string, effects: Effects): void {
    const from = address(this.node, type, 'main')
    for (const { to, message } of effects.sent) this.wires.push({ from, to, message })
    for (const { request, result } of effects.replies) {
      expect(this.answers.has(request.id)).toBe(false)
      this.answers.set(request.id, result as ServiceAnswer)
    }
  }

  ask<S extends keyof Asked>(to: S, request: Asked[S]): ServiceAnswer {
    const id = this.begin(to, request)
    this.settle()
    return this.answer(id)
  }

  answer(id: number): ServiceAnswer {
    const answer = this.answers.get(id)
    if (answer === undefined) throw new Error('not answered')
    return answer
  }

  body<S extends keyof Asked>(to: S, request: Asked[S]): Record<string, unknown> {
    const answer = this.ask(to, request)
    if (answer.status !== 'ok') throw new Error(JSON.stringify(answer))
    return answer.body as Record<string, unknown>
  }

  held(measure: string): number {
    let sum = 0
    for (const [key, { value }] of this.groups.values) {
      const [keyspace = '', ...rest] = key.split('/')
      sum += measures[keyspace]?.(rest.join('/'), value)[measure] ?? 0
    }
    return sum
  }
}

export let shop: Shop
export function afresh(): void {
  shop = new Shop()
}

export function filled(credit = 100, count = 10, price = 7, quantity = 2) {
  const user = String(shop.body('payment', { type: 'create' }).user_id)
  const item = String(shop.body('stock', { type: 'create', price }).item_id)
  const order = String(shop.body('orders', { type: 'create', user }).order_id)
  shop.body('payment', { type: 'addFunds', user, amount: credit })
  shop.body('stock', { type: 'add', item, amount: count })
  shop.body('orders', { type: 'addItem', order, item, quantity })
  return { user, item, order }
}
export const credit = (user: string) => shop.body('payment', { type: 'find', user }).credit
export const count = (item: string) => shop.body('stock', { type: 'find', item }).stock
export const order = (id: string) => shop.body('orders', { type: 'find', order: id })
export const refusal = (answer: ServiceAnswer) => (answer.status === 'refused' ? answer.code : answer.status)
