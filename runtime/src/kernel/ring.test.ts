import { expect, test } from 'vitest'
import { Ring } from './ring.ts'

test('a ring gives back what it got, in order, while it wraps and grows', () => {
  const ring = new Ring<number>(2)
  const taken: number[] = []
  let next = 0
  for (let round = 0; round < 90; round++) {
    for (let i = 0; i < 3; i++) ring.push(next++)
    for (let i = 0; i < round % 3; i++) taken.push(ring.shift() ?? -1)
  }
  expect(ring.length).toBe(180)
  while (ring.length > 0) taken.push(ring.shift() ?? -1)
  expect(taken).toEqual(Array.from({ length: 270 }, (_, i) => i))
  expect(ring.shift()).toBeUndefined()
})
