import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exact, plus } from './exact.ts'

const most = Number.MAX_SAFE_INTEGER

test('sums are numbers while that is exact, and digits beyond', () => {
  expect(plus(most, 0)).toBe(most)
  expect(plus(most, 1)).toBe('9007199254740992')
  expect(plus('9007199254740992', -1)).toBe(most)
  expect(plus('-9007199254740993', '9007199254740995')).toBe(2)
})

test('any sum is the sum', () => {
  const whole = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })
  fc.assert(
    fc.property(fc.array(whole), numbers => {
      const sum = numbers.map(exact).reduce(plus, 0)
      expect(BigInt(sum)).toBe(numbers.reduce((a, b) => a + b, 0n))
      expect(sum).toBe(exact(BigInt(sum)))
    }),
  )
})
