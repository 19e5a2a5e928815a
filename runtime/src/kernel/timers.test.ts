import { expect, test } from 'vitest'
import { actorId } from '../address.ts'
import { type Due, DueHeap } from './due-heap.ts'
import { at, probe, testNode } from './kernel.fixture.ts'

const id = actorId('t', 'x')

test('[KN17] a timer runs from the commit of its turn', () => {
  const node = testNode()
  const slow = probe('t', (event, out) => {
    if (event.kind !== 'message') return
    out.setTimer('ring', 100)
    node.setClock(1_050)
  })
  node.kernel.spawn(slow, 'x', undefined)
  node.kernel.tell(at('t'), 'go')
  node.kernel.turn()
  expect(node.kernel.nextTurnAt()).toBe(1_150)
  node.setClock(1_149)
  node.kernel.turn()
  expect(node.kernel.state(id)).toEqual(['go'])
  node.setClock(1_150)
  node.kernel.turn()
  expect(node.kernel.state(id)).toEqual(['go', '@ring'])
})

test('[KN17] a delay of 0 means the next turn', () => {
  const node = testNode()
  const eager = probe('t', (_event, out) => out.setTimer('now', 0))
  node.kernel.spawn(eager, 'x', undefined)
  node.kernel.tell(at('t'), 'go')
  node.kernel.turn()
  expect(node.kernel.state(id)).toEqual(['go'])
  node.kernel.turn()
  expect(node.kernel.state(id)).toEqual(['go', '@now'])
  node.kernel.turn()
  expect(node.kernel.state(id)).toEqual(['go', '@now', '@now'])
})

test('[KN18] setting a timer again replaces it, each actor has its own names', () => {
  const node = testNode()
  const set = probe('t', (event, out) => {
    if (event.kind === 'message') out.setTimer('ring', Number(event.message))
  })
  node.kernel.spawn(set, 'x', undefined)
  node.kernel.spawn(set, 'y', undefined)
  node.kernel.tell(at('t'), '10')
  node.settle()
  node.kernel.tell(at('t'), '100')
  node.settle()
  node.advance(50)
  expect(node.kernel.state(id)).toEqual(['10', '100'])
  node.advance(50)
  expect(node.kernel.state(id)).toEqual(['10', '100', '@ring'])
  expect(node.kernel.state(actorId('t', 'y'))).toEqual([])
})

test('[KN18] a timer that is cancelled in the turn in which it is due does not fire', () => {
  const node = testNode()
  const order: string[] = []
  const canceller = probe(
    't',
    (event, out) => {
      order.push(event.kind)
      if (event.kind === 'message') out.cancelTimer('ring')
    },
    { urgent: () => true, begin: out => out.setTimer('ring', 10) },
  )
  node.kernel.spawn(canceller, 'x', undefined)
  node.settle()
  node.kernel.tell(at('t'), 'stop it')
  node.advance(10)
  node.advance(1_000)
  expect(order).toEqual(['message'])
})

test('[KN18] one that is set anew in the turn in which it is due fires later only', () => {
  const node = testNode()
  const heartbeat = probe(
    't',
    (event, out) => {
      if (event.kind === 'message') out.setTimer('election', 100)
    },
    { urgent: () => true, begin: out => out.setTimer('election', 100) },
  )
  node.kernel.spawn(heartbeat, 'x', undefined)
  node.settle()
  node.kernel.tell(at('t'), 'alive')
  node.advance(100)
  expect(node.kernel.state(id)).toEqual(['alive'])
  node.advance(99)
  expect(node.kernel.state(id)).toEqual(['alive'])
  node.advance(1)
  expect(node.kernel.state(id)).toEqual(['alive', '@election'])
})

test('[KN18] set, cancelled and set again within one turn: the last word counts', () => {
  const node = testNode()
  const undecided = probe('t', (event, out) => {
    if (event.kind !== 'message') return
    out.setTimer('a', 10)
    out.cancelTimer('a')
    out.setTimer('a', 20)
    out.setTimer('b', 10)
    out.cancelTimer('b')
  })
  node.kernel.spawn(undecided, 'x', undefined)
  node.kernel.tell(at('t'), 'go')
  node.settle()
  node.advance(10)
  expect(node.kernel.state(id)).toEqual(['go'])
  node.advance(10)
  expect(node.kernel.state(id)).toEqual(['go', '@a'])
  node.advance(1_000)
  expect(node.kernel.state(id)).toEqual(['go', '@a'])
})

test('a delay that is no number is a fault of the actor', () => {
  const node = testNode()
  node.kernel.spawn(
    probe('t', (_event, out) => out.setTimer('ring', Number.NaN)),
    'x',
    undefined,
  )
  node.kernel.tell(at('t'), 'go')
  node.settle()
  expect(node.kernel.actors()[0]?.lastError).toContain('delay of timer ring')
})

test('the heap gives what is due in order, equal times as they came, after any removals', () => {
  const heap = new DueHeap<Due & { name: number }>()
  const items = Array.from({ length: 300 }, (_, name) => ({ name, due: 0, place: -1, order: 0 }))
  const dueOf = (name: number): number => (name * 7919) % 97
  for (const item of items) heap.add(item, dueOf(item.name))
  for (const item of items) if (item.name % 3 === 0) heap.remove(item)
  for (const item of items) if (item.name % 5 === 0) heap.add(item, dueOf(item.name) + 50)
  const expected = items
    .filter(({ name }) => name % 3 !== 0 || name % 5 === 0)
    .map(({ name }) => ({
      name,
      due: dueOf(name) + (name % 5 === 0 ? 50 : 0),
      again: name % 5 === 0 ? 1 : 0,
    }))
    .sort((a, b) => a.due - b.due || a.again - b.again || a.name - b.name)
  const taken: number[] = []
  for (let item = heap.takeDue(1_000); item !== undefined; item = heap.takeDue(1_000)) taken.push(item.name)
  expect(taken).toEqual(expected.map(({ name }) => name))
  expect(heap.next).toBe(Number.POSITIVE_INFINITY)
})

test('timers that are set again and again leave nothing behind', () => {
  const node = testNode()
  const restless = probe('t', (_event, out) => out.setTimer('election', 1_000))
  node.kernel.spawn(restless, 'x', undefined)
  for (let i = 0; i < 100; i++) {
    node.kernel.tell(at('t'), 'alive')
    node.settle()
  }
  expect(node.kernel.stats().timers).toBe(1)
})
