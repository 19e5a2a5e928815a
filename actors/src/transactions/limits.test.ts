import { expect, test } from 'vitest'
import { firstUnfit, limits, sizeOf } from './limits.ts'
import type { Operation } from './operations.ts'
import { add, append, get, numbered, put } from './testing/one-shard.ts'

const share = (operations: readonly Operation[]) => [{ operations: numbered(operations) }]

test('[TX19] a value, a key and a transaction may be so large, and not larger', () => {
  const text = (length: number) => 'x'.repeat(length)
  const fit = [put('a', text(limits.valueBytes - 2)), get('k'.repeat(limits.keyLength))]
  expect(firstUnfit(share(fit))).toBeUndefined()
  expect(firstUnfit(share([get('a'), put('a', text(limits.valueBytes))]))).toMatchObject({
    reason: 'tooLarge',
    operation: 1,
  })
  expect(firstUnfit(share([append('a', [text(limits.valueBytes)])]))).toMatchObject({ reason: 'tooLarge' })
  expect(firstUnfit(share([get('k'.repeat(limits.keyLength + 1))]))).toMatchObject({ reason: 'tooLarge' })
  const many = Array.from({ length: limits.operations + 1 }, () => get('a'))
  expect(firstUnfit(share(many))).toMatchObject({ reason: 'tooLarge' })
  expect(firstUnfit(share(many.slice(1)))).toBeUndefined()
})

test('[TX19] numbers of an add are exact integers', () => {
  for (const unfit of [
    add('n', 0.5),
    add('n', 2 ** 53),
    add('n', 1, { min: Number.NaN }),
    add('n', 1, { initial: 1.5 }),
  ]) {
    expect(firstUnfit(share([unfit]))).toMatchObject({ reason: 'invalid', operation: 0 })
  }
})

test('[TX19] sizes are those of the JSON text, roughly', () => {
  const value = { name: 'x'.repeat(1_000), list: Array.from({ length: 100 }, (_, at) => `${at}`) }
  expect(sizeOf(value) / JSON.stringify(value).length).toBeGreaterThan(0.7)
  expect(sizeOf(value) / JSON.stringify(value).length).toBeLessThan(1.5)
})
