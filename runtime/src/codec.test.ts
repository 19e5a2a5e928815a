import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, encode } from './codec.ts'

const plain = fc.anything({
  maxDepth: 4,
  withDate: true,
  withTypedArray: false,
  withNullPrototype: false,
  stringUnit: 'binary',
})

describe('maps and records', () => {
  test('what is written as maps reads as what is written as records', () => {
    fc.assert(
      fc.property(fc.array(plain), values => {
        expect(decode(encode(values, 1))).toEqual(decode(encode(values)))
      }),
    )
  })

  test('values that only one of them could have trouble with', () => {
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]))
    const values: unknown[] = [
      wide,
      {},
      { a: undefined, b: null, 7: new Set([1, 'x']) },
      { bytes: new Uint8Array([1, 2]), at: new Date(5) },
      [{ type: 'a', slot: 1 }, { type: 'a', slot: 2 }, { type: 'b' }],
      2 ** 40,
      -1.5,
    ]
    for (const value of values) {
      expect(decode(encode(value, 1))).toEqual(decode(encode(value)))
      expect(decode(encode(value, 1))).toEqual(
        value instanceof Object ? expect.objectContaining(value) : value,
      )
    }
  })

  test('one object takes no more bytes as a map, and many take fewer as records', () => {
    const one = { value: 999_999_992, version: 3_728 }
    expect(encode(one, 1).length).toBeLessThanOrEqual(encode(one).length)
    const many = Array.from({ length: 100 }, () => one)
    expect(encode(many, many.length).length).toBeLessThan(encode(many, 1).length)
  })
})
