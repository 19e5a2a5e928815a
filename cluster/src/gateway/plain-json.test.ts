import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gateway, problemOf } from './gateway.fixture.ts'
import { parseTransaction } from './operations.ts'
import { changedInteger, deepest, unfitness } from './plain-json.ts'

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

test.each([
  ['12345678901234567890', '12345678901234567890'],
  ['9007199254740993', '9007199254740993'],
  ['[{"a":-9007199254740993}]', '-9007199254740993'],
  ['1180591620717411303424', '1180591620717411303424'],
  ['9007199254740992', undefined],
  ['[1180591620717411300000,-100000000000000000000000,"12345678901234567890"]', undefined],
  ['[0.12345678901234567890,12345678901234567890e1]', undefined],
])('[GW7] the whole numbers of %s', (text, changed) => {
  expect(changedInteger(text)).toBe(changed)
})

test('[GW7] what JavaScript writes is taken, and of whole numbers only what comes back', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
      expect(changedInteger(JSON.stringify(value))).toBeUndefined()
    }),
  )
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), value => {
      const back = BigInt(Number(value).toLocaleString('fullwide', { useGrouping: false }))
      expect(changedInteger(String(value)) === undefined).toBe(back === value)
    }),
  )
})

test.each([
  ['PUT', '/kv/kv/big', '12345678901234567890'],
  ['POST', '/kv/kv/big/cas', '{"expect":null,"value":[12345678901234567890]}'],
  [
    'POST',
    '/tx',
    '{"operations":[{"op":"put","keyspace":"kv","key":"a","value":{"n":12345678901234567890}}]}',
  ],
])('[GW7] a body of %s %s with a whole number that would change is refused', async (method, path, body) => {
  const { app, asked } = gateway()
  expect(await problemOf(await app.request(path, { method, body }))).toMatchObject({
    status: 400,
    detail:
      'the body holds 12345678901234567890, which would come back as 12345678901234567000: send it as a string',
  })
  expect(asked).toEqual([])
})
