import { expect, test } from 'vitest'
import { jsonOf } from './verbs/kv.ts'
import { requestOf } from './verbs/tx.ts'

test('a transaction is a list of operations, or the body of POST /tx', () => {
  const operations = [{ op: 'get', keyspace: 'kv', key: 'a' }]
  expect(requestOf(JSON.stringify(operations))).toEqual({ operations })
  expect(requestOf(JSON.stringify({ operations }))).toEqual({ operations })
})

test('what would come back as something else is refused, as over HTTP', () => {
  const big = '9007199254740993'
  for (const text of [big, `{"a":${big}}`]) {
    expect(() => jsonOf(text)).toThrow(
      `holds ${big}, which would come back as 9007199254740992: send it as a string`,
    )
  }
  expect(() => requestOf(`[{"op":"put","keyspace":"kv","key":"a","value":${big}}]`)).toThrow(`holds ${big}`)
  expect(jsonOf(`"${big}"`)).toBe(big)
})

test('values are JSON, or text', () => {
  expect(jsonOf('5')).toBe(5)
  expect(jsonOf('{"a":[1]}')).toEqual({ a: [1] })
  expect(jsonOf('hello')).toBe('hello')
  expect(jsonOf('two words')).toBe('two words')
  expect(jsonOf("it's 5 o'clock")).toBe("it's 5 o'clock")
  for (const broken of ['{a:1}', '[1,', '"open', '  ']) expect(() => jsonOf(broken)).toThrow('is not JSON')
  const huge = '1'.repeat(400)
  for (const text of [huge, `-${huge}`, `{"a":[${huge}]}`, '1e999']) {
    expect(() => jsonOf(text)).toThrow('holds a number that is too large')
  }
})
