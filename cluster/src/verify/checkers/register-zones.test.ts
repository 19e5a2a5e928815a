import { expect, it } from 'vitest'
import type { Step } from './register-model.ts'
import { contradictedAt } from './register-zones.ts'

const values = 10
function step(effect: Step['effect'], from: number, to: number, call: number, end: number): Step {
  return {
    effect,
    from,
    to,
    call,
    return: end,
    operation: { client: '', key: '', op: 'get', call, outcome: 'ok' },
  }
}
const read = (value: number, call: number, end: number) => step('read', value, value, call, end)
const write = (value: number, call: number, end: number) => step('write', value, value, call, end)

it('[LC7] sees a stale read, a write between two reads, and a refusal of the value that is held', () => {
  const held = [write(1, 0, 1), read(1, 10, 11)]
  expect(contradictedAt(held, 0, values)).toBe(Infinity)
  expect(contradictedAt([...held, write(2, 3, 4)], 0, values)).toBe(11)
  expect(contradictedAt([...held, write(2, 3, 10)], 0, values)).toBe(Infinity)
  expect(contradictedAt([...held, read(0, 2, 3)], 0, values)).toBe(3)
  expect(contradictedAt([...held, step('refuse', 1, 1, 3, 4)], 0, values)).toBe(11)
  expect(contradictedAt([...held, step('refuse', 2, 2, 3, 4)], 0, values)).toBe(Infinity)
  expect(contradictedAt([...held, step('swap', 1, 2, 3, 4)], 0, values)).toBe(11)
})

it('[LC7] sees a value that nobody brought, and one that was seen before it was brought', () => {
  expect(contradictedAt([read(5, 0, 1)], 0, values)).toBe(1)
  expect(contradictedAt([read(5, 0, 1), write(5, 2, 3), read(5, 4, 5)], 0, values)).toBe(Infinity)
  expect(contradictedAt([read(5, 0, 1), write(5, 2, 9), write(6, 1.2, 1.5)], 0, values)).toBe(1.5)
})

it('[LC7] concludes nothing of a value that two can have brought', () => {
  const twice = [write(1, 0, 1), read(1, 10, 11), write(2, 3, 4), write(1, 5, Infinity)]
  expect(contradictedAt(twice, 0, values)).toBe(Infinity)
  expect(contradictedAt(twice.slice(0, 3), 1, values)).toBe(Infinity)
})

it('[LC7] what touches at one instant is no contradiction', () => {
  // 1 is read from the instant on at which the write of 2 has returned: both happen then, the read first.
  const touching = [write(1, 0, 1), read(1, 5, 6), write(2, 4, 5), read(2, 8, 9)]
  expect(contradictedAt(touching, 0, values)).toBe(Infinity)
  const apart = [write(1, 0, 1), read(1, 5.5, 6), write(2, 4, 5), read(2, 8, 9)]
  expect(contradictedAt(apart, 0, values)).toBe(6)
})
