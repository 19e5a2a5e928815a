import { expect, test } from 'vitest'
import { parseTransaction } from './operations.ts'

const all = 'get, scan, put, delete, add, append, check'

test.each<[unknown, string]>([
  ['putt', `operations[0].op: there is no operation "putt"; it must be one of ${all}; did you mean "put"?`],
  ['increment', `operations[0].op: there is no operation "increment"; it must be one of ${all}`],
  [7, `operations[0].op: must be one of ${all}`],
  [undefined, `operations[0].op: must be one of ${all}`],
])('an unknown operation %j is answered with those that there are', (op, problem) => {
  const body = { operations: [{ op, keyspace: 'kv', key: 'k' }] }
  expect(() => parseTransaction(body)).toThrow(new RegExp(`^${problem.replace(/[[\].?]/g, '\\$&')}$`))
})

test('a member that is missing is still the one that is named', () => {
  expect(() => parseTransaction({ operations: [{ op: 'put', keyspace: 'kv' }] })).toThrow(
    /^operations\[0\]\.key is missing$/,
  )
  expect(() => parseTransaction({ operations: ['put'] })).toThrow(/^operations\[0\]: /)
})
