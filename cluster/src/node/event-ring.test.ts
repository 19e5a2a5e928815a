import { expect, test } from 'vitest'
import { EventRing } from './event-ring.ts'

function ringOf(count: number, capacity: number): EventRing {
  const ring = new EventRing(capacity)
  for (let at = 1; at <= count; at++) ring.add(at, 'n1/learner/a', `event ${at}`, {})
  return ring
}
const sequences = (events: readonly { sequence: number }[]) => events.map(event => event.sequence)

test('what comes after is given oldest first, up to a limit', () => {
  expect(sequences(ringOf(5, 10).after(2, 10))).toEqual([3, 4, 5])
  expect(sequences(ringOf(5, 10).after(0, 2))).toEqual([1, 2])
  expect(sequences(ringOf(5, 10).after(5, 10))).toEqual([])
})

test('overwritten events are missed, and the first sequence tells', () => {
  expect(sequences(ringOf(25, 10).after(2, 100))).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25])
})

test('the last ones', () => {
  expect(sequences(ringOf(25, 10).last(3))).toEqual([23, 24, 25])
  expect(sequences(ringOf(2, 10).last(3))).toEqual([1, 2])
  expect(ringOf(0, 10).last(3)).toEqual([])
})

test('a reader that heard more than there is speaks of an earlier start: it gets all', () => {
  expect(sequences(ringOf(3, 10).after(500, 10))).toEqual([1, 2, 3])
})
