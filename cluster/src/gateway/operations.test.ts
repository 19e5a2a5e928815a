import { expect, test } from 'vitest'
import { parseTransaction } from './operations.ts'
import { parse } from './parse.ts'
import { BadInput } from './problem.ts'
import { requestSchema } from './socket.ts'

const all = 'get, scan, put, delete, add, append, check'

test.each<[unknown, string]>([
  ['putt', `operations[0].op: there is no operation "putt"; it must be one of ${all}; did you mean "put"?`],
  ['increment', `operations[0].op: there is no operation "increment"; it must be one of ${all}`],
  [7, `operations[0].op: must be one of ${all}`],
  [undefined, `operations[0].op: must be one of ${all}`],
])('[GW10] an unknown operation %j is answered with those that there are', (op, problem) => {
  const body = { operations: [{ op, keyspace: 'kv', key: 'k' }] }
  expect(() => parseTransaction(body)).toThrow(new RegExp(`^${problem.replace(/[[\].?]/g, '\\$&')}$`))
})

test('a member that is missing is still the one that is named', () => {
  expect(() => parseTransaction({ operations: [{ op: 'put', keyspace: 'kv' }] })).toThrow(
    /^operations\[0\]\.key is missing$/,
  )
  expect(() => parseTransaction({ operations: [{ op: 'add', keyspace: 'kv', key: 'k' }] })).toThrow(
    /^operations\[0\]\.amount is missing$/,
  )
  expect(() =>
    parseTransaction({ operations: [{ op: 'add', keyspace: 'kv', key: 'k', amount: 2 ** 53 }] }),
  ).toThrow(/^operations\[0\]\.amount: must be an integer between/)
  expect(() => parseTransaction({ operations: ['put'] })).toThrow(/^operations\[0\]: /)
})

const put = { op: 'put', keyspace: 'kv', key: 'k', value: 1 }
const known = 'op, keyspace, key, value, external'
test.each<[unknown[], string]>([
  [[put, { ...put, externel: true }], 'operations[1]: unknown key "externel"; did you mean "external"?'],
  [[{ ...put, colour: 'red' }], `operations[0]: unknown key "colour"; known: ${known}`],
  [
    [{ op: 'check', keyspace: 'kv', key: 'k', version: 1, exist: true }],
    'operations[0]: unknown key "exist"; did you mean "exists"?',
  ],
])(
  '[GW10] an unknown key in %j is named with the one that may be meant, over HTTP and on the client socket',
  (operations, problem) => {
    expect(() => parseTransaction({ operations })).toThrow(new BadInput(problem))
    const id = { session: 's', sequence: 1 }
    const request = { type: 'transact', operations, id, firstIncomplete: 0, deadlineMs: 1_000 }
    expect(() => parse(requestSchema, request)).toThrow(new BadInput(problem))
  },
)

test('[GW10] an unknown key beside the operations is named too', () => {
  expect(() => parseTransaction({ operations: [put], opertions: [] })).toThrow(
    new BadInput('body: unknown key "opertions"; did you mean "operations"?'),
  )
})
