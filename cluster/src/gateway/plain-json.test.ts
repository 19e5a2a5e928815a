import { expect, test } from 'vitest'
import { parseTransaction } from './operations.ts'
import { deepest, unfitness } from './plain-json.ts'

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { inner: value }
  return value
}

test('[GW5] as deep as allowed, and one level more', () => {
  expect(unfitness(nested(deepest))).toBeUndefined()
  expect(unfitness(nested(deepest + 1))).toBe('is nested deeper than 64 levels')
  expect(unfitness(nested(100_000))).toBe('is nested deeper than 64 levels')
})

test('[GW5, GW7] an operation that does not fit is refused by its place', () => {
  const on = { keyspace: 'kv', key: 'a' }
  const refused = (...operations: object[]) => expect(() => parseTransaction({ operations }))
  refused({ op: 'put', ...on, value: nested(100_000) }).toThrow(
    'operations[0].value: is nested deeper than 64 levels',
  )
  refused({ op: 'get', ...on }, { op: 'get', keyspace: 'kv', key: '\ud800' }).toThrow(
    'operations[1].key: holds half of a surrogate pair',
  )
})

test.each([
  ['"\ud800"', 'holds half of a surrogate pair'],
  ['{"\udfff":1}', 'holds half of a surrogate pair'],
  ['[1e999]', 'holds a number that is too large'],
  ['[{"__proto__":1}]', 'holds the name __proto__'],
  ['{"constructor":["\u{1f375}",-0,1e308,null,true]}', undefined],
])('[GW7] %j', (text, why) => {
  expect(unfitness(JSON.parse(text))).toBe(why)
})
