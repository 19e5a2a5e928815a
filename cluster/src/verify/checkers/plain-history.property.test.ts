/** What is read without the schema is what the schema would have read; what is not is left to it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { listTransaction, registerOperation } from './history.ts'
import { plainListTransaction, plainRegisterOperation } from './plain-history.ts'

const odd = fc.constantFrom(
  undefined,
  null,
  -1,
  1.5,
  Number.POSITIVE_INFINITY,
  '',
  'x',
  true,
  [],
  [null],
  {},
  { a: 1 },
  JSON.parse('{"__proto__":{}}'),
)
const mostly = (usual: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd })
const time = mostly(fc.nat())
const timed = {
  client: mostly(fc.string()),
  call: time,
  return: time,
  outcome: mostly(fc.constantFrom('ok', 'fail', 'unknown')),
  more: mostly(fc.constant(undefined)),
}
const element = mostly(fc.oneof(fc.integer(), fc.string()))
const step = mostly(
  fc.oneof(
    fc.tuple(fc.constant('append'), mostly(fc.string()), element),
    fc.tuple(fc.constant('r'), mostly(fc.string()), mostly(fc.oneof(fc.array(element), fc.constant(null)))),
  ),
)
const operation = fc.record({
  ...timed,
  op: mostly(fc.constantFrom('get', 'put', 'cas')),
  key: mostly(fc.string()),
  value: mostly(fc.jsonValue()),
  from: mostly(fc.jsonValue()),
  output: mostly(fc.jsonValue()),
  swapped: mostly(fc.boolean()),
})
const transaction = fc.record({ ...timed, txn: mostly(fc.array(step)) })

it.each([
  ['operations on registers', operation, registerOperation, plainRegisterOperation],
  ['transactions on lists', transaction, listTransaction, plainListTransaction],
] as const)('%s', (_, lines, schema, plain) => {
  let [read, left] = [0, 0]
  fc.assert(
    fc.property(fc.oneof(mostly(lines), lines), line => {
      const json: unknown = JSON.parse(JSON.stringify(line ?? null))
      const found = plain(json)
      if (found === undefined) left++
      else {
        read++
        expect(found).toEqual(schema.parse(json))
      }
    }),
    { numRuns: 3_000 },
  )
  expect(Math.min(read, left)).toBeGreaterThan(300)
})
