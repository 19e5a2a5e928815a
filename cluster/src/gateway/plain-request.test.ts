import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPlainTransact } from './plain-request.ts'
import { requestSchema } from './socket.ts'

const oddText = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom(
    '',
    'kv',
    '_kv',
    '__proto__',
    'a'.repeat(63),
    'a'.repeat(64),
    'k'.repeat(512),
    'k'.repeat(513),
  ),
  fc.constantFrom('\ud800', 'x\udc00'),
)
const oddNumber = fc.oneof(
  fc.integer({ min: -1, max: 3 }),
  fc.constantFrom(1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 600_000, 600_001, 0),
)
const oddLeaf = fc.oneof(
  fc.constantFrom(null, undefined, true, new Date(0), new Uint8Array(2), new Set([1]), 10n, new Map()),
  oddText,
  oddNumber,
)
const oddValue = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    oddLeaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(oddText, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value
/** Mostly what is right, so that one thing wrong stands alone. */
const mostly = <T, U>(right: fc.Arbitrary<T>, odd: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: odd })
const operation = fc.record(
  {
    op: mostly(fc.constant('put'), fc.constantFrom('get', 'delete', 'add', 'check', 'gut')),
    keyspace: mostly(fc.constant('kv'), oddText),
    key: mostly(fc.constant('k'), oddText),
    value: oddValue,
  },
  { requiredKeys: ['op', 'keyspace', 'key'], noNullPrototype: true },
)
const id = fc.record(
  { session: mostly(fc.constant('s'), oddText), sequence: mostly(fc.nat(), oddNumber) },
  { noNullPrototype: true },
)
const request = fc.record(
  {
    type: mostly(fc.constant('transact'), fc.constantFrom('read', 'routes')),
    operations: mostly(fc.array(operation, { minLength: 1, maxLength: 3 }), oddValue),
    id: mostly(id, oddValue),
    firstIncomplete: mostly(fc.nat(), oddNumber),
    deadlineMs: mostly(fc.integer({ min: 1, max: 600_000 }), oddNumber),
  },
  { noNullPrototype: true },
)

test('[GW8] what is recognised as plain, the schema would take as it is', () => {
  let recognised = 0
  fc.assert(
    fc.property(request, input => {
      if (!isPlainTransact(input)) return
      recognised++
      expect(requestSchema.safeParse(input)).toEqual({ success: true, data: input })
    }),
    { numRuns: 20_000 },
  )
  expect(recognised).toBeGreaterThan(1_000)
})

const put = { op: 'put', keyspace: 'kv', key: 'k', value: { deep: [1, 'x', null, true] } }
const plain = {
  type: 'transact',
  operations: [put],
  id: { session: 's', sequence: 1 },
  firstIncomplete: 1,
  deadlineMs: 9_999.5,
}

test('[GW8] a common put is recognised', () => {
  expect(isPlainTransact(plain)).toBe(true)
  expect(isPlainTransact({ ...plain, operations: [{ op: 'get', keyspace: 'kv', key: 'k' }] })).toBe(true)
})

test.each([
  ['a value too deep', { value: JSON.parse(`${'['.repeat(65)}${']'.repeat(65)}`) }],
  ['the name __proto__ within', { value: JSON.parse('{"a":{"__proto__":1}}') }],
  ['no value', { value: null }],
  ['one member more', { external: true }],
  ['a date', { value: { at: new Date(0) } }],
])('[GW8] %s is left to the schema', (_what, change) => {
  expect(isPlainTransact({ ...plain, operations: [{ ...put, ...change }] })).toBe(false)
})
