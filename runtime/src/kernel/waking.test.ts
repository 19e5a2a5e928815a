import { expect, test } from 'vitest'
import { at, n2, probe, testNode } from './kernel.fixture.ts'

test('[KN9] what comes in wakes the host once until the next turn', () => {
  const node = testNode()
  node.kernel.spawn(probe('a'), 'x', undefined)
  expect(node.kernel.nextTurnAt()).toBe(Number.POSITIVE_INFINITY)
  const before = node.wakes.count
  node.kernel.tell(at('a'), '1')
  node.kernel.tell(at('a'), '2')
  node.kernel.receive(n2, [{ to: at('a'), from: at('b', n2), message: '3' }])
  expect(node.wakes.count).toBe(before + 1)
  expect(node.kernel.nextTurnAt()).toBe(Number.NEGATIVE_INFINITY)
  node.settle()
  node.kernel.tell(at('a'), '4')
  expect(node.wakes.count).toBe(before + 2)
})

test('[KN9] what an actor wants at its start makes a turn due', () => {
  const node = testNode()
  node.kernel.spawn(
    probe('a', () => {}, { begin: out => out.send(at('far', n2), 'hello') }),
    'x',
    undefined,
  )
  expect(node.wakes.count).toBe(1)
  expect(node.kernel.nextTurnAt()).toBe(Number.NEGATIVE_INFINITY)
  expect(node.sent()).toEqual([])
  node.settle()
  expect(node.sent()).toHaveLength(1)
})

test('[KN10] the clock is read after the messages of a turn came in', () => {
  const node = testNode()
  const times: number[] = []
  node.kernel.spawn(
    probe('a', event => times.push(event.now.monotonicMs)),
    'x',
    undefined,
  )
  node.kernel.tell(at('a'), 'go')
  node.setClock(1_234)
  node.settle()
  expect(times).toEqual([1_234])
})
