import { expect, test } from 'vitest'
import { deepest, isShallow } from './depth.ts'
import { parseTransaction } from './operations.ts'

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { inner: value }
  return value
}

test('[GW5] as deep as allowed, and one level more', () => {
  expect(isShallow(nested(deepest))).toBe(true)
  expect(isShallow(nested(deepest + 1))).toBe(false)
  expect(isShallow(nested(100_000))).toBe(false)
})

test('[GW5] a value that is nested too deeply is refused by its place', () => {
  const put = { op: 'put', keyspace: 'kv', key: 'a', value: nested(100_000) }
  expect(() => parseTransaction({ operations: [put] })).toThrow(
    'operations[0].value: must not be nested deeper than 64 levels',
  )
})
