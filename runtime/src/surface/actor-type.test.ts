import { expect, test } from 'vitest'
import { type Address, actorId } from '../address.ts'
import { at, probe, type TestNode, testNode } from '../kernel/kernel.fixture.ts'
import type { Answer } from '../kernel/ports.ts'
import { MemoryStorage } from '../storage/memory.ts'
import { type ActorDefinition, defineActor } from './define-actor.ts'

const Cart = defineActor({
  type: 'cart',
  durable: true,
  state: () => ({ items: {} as Record<string, number>, total: 0, label: 'cart' }),
  on: {
    add(state, { item, price }: { item: string; price: number }) {
      state.items[item] = price
      state.total += price
      return state
    },
    unlabel(state) {
      Reflect.deleteProperty(state, 'label')
    },
    breakAfter(state, { price }: { price: number }) {
      state.total += price
      throw new Error('broken')
    },
    async wait() {},
    remind(_state, { afterMs }: { afterMs: number }, context) {
      context.timer('reminder', afterMs)
    },
    forget(_state, _args: { why: string }, context) {
      context.cancelTimer('reminder')
    },
    mistype(_state, _args: { why: string }, context) {
      context.timer('no such timer', 1)
    },
  },
  timers: {
    reminder(state) {
      state.total += 1_000
    },
  },
})
const id = actorId('cart', 'x')

function start(definition: ActorDefinition, storage = new MemoryStorage()): TestNode {
  const node = testNode({ storage })
  node.kernel.spawn(definition.actor, 'x', undefined)
  node.settle()
  return node
}

function ask(node: TestNode, type: string, args?: unknown): Answer | undefined {
  const answers = node.ask(at('cart'), { type, args })
  node.settle()
  return answers[0]
}

function keys(node: TestNode): string[] {
  return [...node.storage.rows(id).entries()].map(([key]) => key)
}

function described(node: TestNode): unknown {
  return node.kernel.inspect(id)?.state
}

test('[SF3] a durable actor is what it was, after a crash', () => {
  const storage = new MemoryStorage()
  const node = start(Cart, storage)
  ask(node, 'add', { item: 'bread', price: 3 })
  ask(node, 'add', { item: 'salt', price: 1 })
  const before = described(node)
  const again = start(Cart, storage.crash())
  expect(described(again)).toEqual({ items: { bread: 3, salt: 1 }, total: 4, label: 'cart' })
  expect(described(again)).toEqual(before)
})

test('[SF4] only fields that changed are written, also when the change is deep inside', () => {
  const writes: number[] = []
  const node = testNode({ observer: { turnEnded: report => writes.push(report.writes) } })
  node.kernel.spawn(Cart.actor, 'x', undefined)
  ask(node, 'add', { item: 'bread', price: 3 })
  ask(node, 'add', { item: 'paper', price: 0 })
  ask(node, 'add', { item: 'paper', price: 0 })
  expect(writes).toEqual([3, 1, 0])
})

test('[SF4] after a restart too', () => {
  const storage = new MemoryStorage()
  ask(start(Cart, storage), 'add', { item: 'bread', price: 3 })
  const writes: number[] = []
  const again = testNode({
    storage: storage.crash(),
    observer: { turnEnded: report => writes.push(report.writes) },
  })
  again.kernel.spawn(Cart.actor, 'x', undefined)
  ask(again, 'add', { item: 'bread', price: 1 })
  expect(writes).toEqual([2])
})

test('[SF4] a field that was removed is erased', () => {
  const storage = new MemoryStorage()
  const node = start(Cart, storage)
  ask(node, 'add', { item: 'bread', price: 3 })
  expect(keys(node)).toEqual(['field/items', 'field/label', 'field/total'])
  ask(node, 'unlabel')
  expect(keys(node)).toEqual(['field/items', 'field/total'])
})

test('[SF5] a handler that throws changed nothing, and the actor goes on from its durable state', () => {
  const node = start(Cart)
  ask(node, 'add', { item: 'bread', price: 3 })
  expect(ask(node, 'breakAfter', { price: 100 })).toEqual({ outcome: 'refused', reason: 'failed' })
  node.advance(100)
  expect(described(node)).toMatchObject({ total: 3 })
})

test('[SF6] the answer is a copy: the state that changes later does not show in it', () => {
  const node = start(Cart)
  const answer = ask(node, 'add', { item: 'bread', price: 3 })
  ask(node, 'add', { item: 'salt', price: 1 })
  expect(answer).toMatchObject({ result: { ok: true, value: { items: { bread: 3 }, total: 3 } } })
})

test('[SF7] a durable timer rings at its time', () => {
  const node = start(Cart)
  ask(node, 'remind', { afterMs: 500 })
  node.advance(499)
  expect(described(node)).toMatchObject({ total: 0 })
  node.advance(1)
  expect(described(node)).toMatchObject({ total: 1_000 })
  expect(keys(node)).not.toContain('timer/reminder')
})

test('[SF7] after a restart it rings at its time, or once when that passed meanwhile', () => {
  const storage = new MemoryStorage()
  ask(start(Cart, storage), 'remind', { afterMs: 500 })
  const early = testNode({ storage: storage.copy() })
  early.setClock(1_300)
  early.kernel.spawn(Cart.actor, 'x', undefined)
  early.settle()
  expect(early.kernel.inspect(id)?.timers).toEqual([{ name: 'reminder', dueInMs: 200 }])
  const late = testNode({ storage: storage.copy() })
  late.setClock(50_000)
  late.kernel.spawn(Cart.actor, 'x', undefined)
  late.settle()
  expect(described(late)).toMatchObject({ total: 1_000 })
  late.advance(100_000)
  expect(described(late)).toMatchObject({ total: 1_000 })
})

test('[SF7] a cancelled timer does not ring, after a restart neither', () => {
  const storage = new MemoryStorage()
  const node = start(Cart, storage)
  ask(node, 'remind', { afterMs: 500 })
  ask(node, 'forget', { why: 'done' })
  node.advance(1_000)
  const again = start(Cart, storage.crash())
  again.advance(10_000)
  expect(described(again)).toMatchObject({ total: 0 })
  expect(keys(again)).not.toContain('timer/reminder')
})

test('a timer that the definition does not have is a fault of the handler', () => {
  const node = start(Cart)
  expect(ask(node, 'mistype', { why: '' })).toMatchObject({ outcome: 'refused', reason: 'failed' })
  expect(node.kernel.actors()[0]?.lastError).toContain('timer no such timer is among the timers')
})

test('[SF10] an unknown message is refused, or noted, and harms nothing', () => {
  const notes: unknown[] = []
  const node = testNode({ observer: { note: (_actor, name, attributes) => notes.push([name, attributes]) } })
  node.kernel.spawn(Cart.actor, 'x', undefined)
  expect(ask(node, 'toString')).toEqual({
    outcome: 'answered',
    result: { ok: false, problem: 'no handler for toString' },
  })
  node.kernel.tell(at('cart'), { type: 'nonsense', args: undefined })
  node.settle()
  expect(notes).toEqual([['unknown message', { type: 'nonsense' }]])
  expect(node.kernel.actors()).toMatchObject([{ restarts: 0 }])
})

test('[SF11] a handler that returns a promise is an error that says so', () => {
  const node = start(Cart)
  expect(ask(node, 'wait')).toMatchObject({ outcome: 'refused' })
  expect(node.kernel.actors()[0]?.lastError).toContain('handler wait is synchronous')
})

test('[SF6] an actor tells another a copy, typed by its definition', () => {
  const list = [1]
  const Teller = defineActor({
    type: 'teller',
    state: () => ({ list }),
    on: {
      go(state, { to }: { to: string }, context) {
        context.actor(Listener, to).tell('hear', { list: state.list })
        state.list.push(2)
      },
    },
  })
  const node = testNode()
  node.kernel.spawn(Teller.actor, 'x', undefined)
  node.kernel.spawn(probe('listener'), 'x', undefined)
  let heard: unknown
  node.kernel.stop(actorId('listener', 'x'))
  node.kernel.spawn(
    {
      ...probe('listener'),
      receive: (_state, event) => (heard = event.kind === 'message' ? event.message : 0),
    },
    'x',
    undefined,
  )
  node.kernel.tell('n1/teller/x' as Address, { type: 'go', args: { to: 'x' } })
  node.settle()
  expect(heard).toEqual({ type: 'hear', args: { list: [1] } })
  expect(list).toEqual([1, 2])
})

const Listener = defineActor({
  type: 'listener',
  state: () => ({}),
  on: { hear(_state, _args: { list: number[] }) {} },
})

test('a state is shown as something that can be printed', () => {
  const Odd = defineActor({
    type: 'cart',
    state: () => ({
      map: new Map([['k', 1]]),
      set: new Set([1]),
      bytes: new Uint8Array(3),
      big: 10n,
      nan: Number.NaN,
      at: new Date(0),
      none: undefined,
    }),
    on: {},
  })
  expect(described(start(Odd))).toEqual({
    map: { k: 1 },
    set: [1],
    bytes: '3 bytes',
    big: '10',
    nan: 'NaN',
    at: '1970-01-01T00:00:00.000Z',
    none: 'undefined',
  })
})

test('[SF5] a broken check takes the message back', () => {
  const Bounded = defineActor({
    type: 'cart',
    durable: true,
    state: () => ({ stock: 1 }),
    on: {
      take(state) {
        state.stock--
        return state.stock
      },
    },
    check(state) {
      if (state.stock < 0) throw new Error('sold too much')
    },
  })
  const node = start(Bounded)
  expect(ask(node, 'take')).toMatchObject({ outcome: 'answered', result: { value: 0 } })
  expect(ask(node, 'take')).toEqual({ outcome: 'refused', reason: 'failed' })
  node.advance(100)
  expect(described(node)).toEqual({ stock: 0 })
})

test('a type that cannot be part of an address is refused', () => {
  expect(() => defineActor({ type: 'a/b', state: () => ({}), on: {} })).toThrow('actor type "a/b"')
})
