import type { SessionAnswer, SessionRequest } from '@synod/actors'
import type { Answer } from '@synod/runtime/host'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { gateway, problemOf, type Reply } from './gateway.fixture.ts'

const committed = (...results: never[]): SessionAnswer => ({
  type: 'transacted',
  id: { session: 's', sequence: 1 },
  outcome: { status: 'committed', results },
})

const longKey = `/kv/kv/${'k'.repeat(513)}`

describe('bad input is refused with what to change', () => {
  const cases: readonly [method: string, path: string, status: number, detail: string][] = [
    ['POST', '/stock/item/create/-1', 400, 'price "-1": must be an integer from 0 to 9007199254740991'],
    ['POST', '/stock/item/create/1.5', 400, 'price "1.5": must be an integer from 0 to 9007199254740991'],
    ['POST', '/stock/item/create/1e3', 400, 'price "1e3": must be an integer from 0 to 9007199254740991'],
    [
      'POST',
      '/stock/add/7/9007199254740992',
      400,
      'amount "9007199254740992": must be an integer from 0 to 9007199254740991',
    ],
    ['POST', '/orders/addItem/7/8/0', 400, 'quantity "0": must be an integer from 1 to 9007199254740991'],
    ['POST', '/orders/addItem/7/8/x', 400, 'quantity "x": must be an integer from 1 to 9007199254740991'],
    ['POST', '/orders/create/a%20b', 400, 'user_id "a b": an id has 1 to 128 letters, digits, or . _ ~ : -'],
    ['POST', '/payment/batch_init/1000001/5', 400, 'n "1000001": must be an integer from 0 to 1000000'],
    ['GET', '/orders', 404, 'there is no GET /orders; see /openapi.json'],
    ['GET', '/orders/checkout/7', 405, '/orders/checkout/7 answers POST, not GET'],
    ['DELETE', '/payment/status/1/2', 405, '/payment/status/1/2 answers GET, POST, not DELETE'],
    [
      'GET',
      '/kv/bad keyspace/x',
      400,
      'keyspace "bad keyspace": must be 1 to 63 letters, digits, ".", "_" or "-"',
    ],
    ['GET', longKey, 400, 'key: must be at most 512 characters'],
    ['GET', '/kv/kv?limit=0', 400, 'limit "0": must be a whole number from 1 to 1000'],
    ['GET', '/kv/kv?prefx=a', 400, 'unknown query parameter "prefx"; known: prefix, after, limit'],
    [
      'GET',
      '/kv/kv/a/b',
      404,
      'there is no GET /kv/kv/a/b; a / inside a key is written %2F; see /openapi.json',
    ],
    ['GET', '/tx/nonsense', 400, '"nonsense" is not a transaction id of this cluster'],
  ]
  test.each(cases)('%s %s → %i', async (method, path, status, detail) => {
    const { app, asked } = gateway()
    const response = await app.request(path.replace(' ', '%20'), { method })
    expect(await problemOf(response)).toMatchObject({ status, detail })
    expect(asked).toEqual([])
  })

  test.each([
    ['PUT', '/kv/payment/7', '5'],
    ['DELETE', '/kv/orders/7', undefined],
    ['POST', '/tx', '{"operations":[{"op":"add","keyspace":"stock","key":"7/count","amount":9}]}'],
  ])('raw writes to the rows of the shop: %s %s', async (method, path, body) => {
    const { app, asked } = gateway()
    const init = body === undefined ? { method } : { method, body }
    const found = await problemOf(await app.request(path, init))
    expect(found).toMatchObject({
      status: 403,
      detail: expect.stringContaining("is the shop's: write it by the routes of /"),
    })
    expect(asked).toEqual([])
  })

  const bodies: readonly [body: string, status: number, detail: string][] = [
    ['', 400, 'the body is empty: send a JSON value'],
    ['{', 400, 'the body is not JSON'],
    ['{}', 400, 'operations is missing'],
    ['[{"op":"get","keyspace":"kv","key":"a"}]', 400, 'not an object: send {"operations": [...]}'],
    ['null', 400, 'not an object: send {"operations": [...]}'],
    ['{"operations":{}}', 400, 'operations: must be a list, not an object'],
    [
      '{"operations":[{"op":"get","keyspace":"kv","kye":"a"}]}',
      400,
      'operations[0].key is missing; unknown key "kye"; did you mean "key"?',
    ],
    ['{"operations":[]}', 400, 'operations: needs at least one operation'],
    ['{"operations":[{"op":"fly"}]}', 400, 'operations[0].op: '],
    [
      '{"operations":[{"op":"add","keyspace":"kv","key":"a","amount":1.5}]}',
      400,
      'operations[0].amount: must be an integer',
    ],
    [
      '{"operations":[{"op":"add","keyspace":"kv","key":"a","amount":1,"mim":0}]}',
      400,
      'operations[0]: unknown key "mim"; did you mean "min"?',
    ],
    [
      '{"operations":[{"op":"check","keyspace":"kv","key":"a"}]}',
      400,
      'operations[0]: must have exactly one of equals, exists',
    ],
    [
      '{"operations":[{"op":"put","keyspace":"kv","key":"a","value":null}]}',
      400,
      'operations[0].value: must not be null',
    ],
    ['{"ops":[]}', 400, 'operations is missing; unknown key "ops"'],
    [`"${'x'.repeat(1_100_000)}"`, 413, 'a body may have 1048576 bytes'],
  ]
  test.each(bodies)('POST /tx %s → %i', async (body, status, detail) => {
    const { app, asked } = gateway()
    const found = await problemOf(
      await app.request('/tx', { method: 'POST', body, headers: { 'Content-Length': `${body.length}` } }),
    )
    expect(found).toMatchObject({ status, detail: expect.stringContaining(detail) })
    expect(asked).toEqual([])
  })
})

describe('bodies that need not be looked at', () => {
  const unread = (path: string, length: string) => {
    const request = new Request(`http://n1${path}`, { method: 'POST', headers: { 'Content-Length': length } })
    const read = vi.spyOn(request, 'body', 'get').mockImplementation(() => {
      throw new Error('the body was looked at')
    })
    return { request, read }
  }

  test('a length within the bound is enough', async () => {
    const { app, asked } = gateway(() => ({ status: 'ok', body: 'paid' }))
    const { request, read } = unread('/orders/checkout/7', '0')
    expect((await app.fetch(request)).status).toBe(200)
    expect(asked).toHaveLength(1)
    expect(read).not.toHaveBeenCalled()
  })

  test('a length beyond the bound is refused by the length; the connection stays good', async () => {
    const { app, asked } = gateway()
    const headers = { 'Content-Length': '1048577' }
    const response = await app.fetch(new Request('http://n1/tx', { method: 'POST', headers, body: 'short' }))
    expect(response.headers.get('connection')).toBeNull()
    expect(await problemOf(response)).toMatchObject({ status: 413 })
    expect(asked).toEqual([])
  })

  test('the refusal is there at once; the rest of the body is waited for 10 s at most', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { app } = gateway()
    const headers = { 'Content-Length': '1048577' }
    const init = { method: 'POST', headers, body: new ReadableStream(), duplex: 'half' as const }
    const response = await app.fetch(new Request('http://n1/tx', init))
    expect(response.status).toBe(413)
    const answer = response.body?.getReader()
    const { value = new Uint8Array() } = (await answer?.read()) ?? {}
    expect(response.headers.get('content-length')).toBe(String(value.length))
    expect(JSON.parse(new TextDecoder().decode(value))).toMatchObject({ status: 413 })
    const end = answer?.read()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await end).toEqual({ done: true, value: undefined })
  })

  test('without length and transfer coding there is none on a connection', async () => {
    const { app } = gateway(() => ({ status: 'ok', body: 'paid' }))
    const { request } = unread('/orders/checkout/7', '0')
    request.headers.delete('content-length')
    expect((await app.fetch(request, { incoming: {} })).status).toBe(200)
  })

  test('what comes in chunks of a byte each is put together', async () => {
    const { app } = gateway()
    const text = JSON.stringify({ ['x'.repeat(50_000)]: 1 })
    const body = ReadableStream.from(Array.from(new TextEncoder().encode(text), byte => Uint8Array.of(byte)))
    const headers = { 'Transfer-Encoding': 'chunked' }
    const init = { method: 'POST', body, headers, duplex: 'half' as const }
    const { detail } = await problemOf(await app.fetch(new Request('http://n1/tx', init)))
    expect(detail).toContain(`unknown key "${'x'.repeat(30)}`)
  })

  test('what comes in chunks is counted, and refused beyond the bound', async () => {
    const { app, asked } = gateway()
    const body = JSON.stringify('x'.repeat(1_100_000))
    const headers = { 'Transfer-Encoding': 'chunked', 'Content-Length': '5' }
    const sized = new Request('http://n1/tx', { method: 'POST', body, headers })
    expect(await problemOf(await app.fetch(sized, { incoming: {} }))).toMatchObject({ status: 413 })
    expect(asked).toEqual([])
  })
})

test.each([
  ['PUT', '/kv/kv/a', 'gzip'],
  ['POST', '/tx', 'br'],
])('[GW5] an encoded body is not read: %s %s', async (method, path, encoding) => {
  const { app, asked } = gateway()
  const init = { method, body: '1', headers: { 'Content-Encoding': encoding } }
  expect(await problemOf(await app.request(path, init))).toMatchObject({
    status: 415,
    detail: `Content-Encoding "${encoding}": send the body as it is`,
  })
  expect(asked).toEqual([])
})

describe('the shop', () => {
  test('a path becomes a request of its service, and its answer JSON or text', async () => {
    const { app, asked } = gateway(() => ({ status: 'ok', body: { order_id: 'o1' } }))
    const response = await app.request('/orders/create/u1', { method: 'POST' })
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.json()).toEqual({ order_id: 'o1' })
    expect(asked).toEqual([
      { to: 'n1/orders/main', request: { type: 'create', user: 'u1', deadlineMs: 10_000 } },
    ])
  })

  test('a refusal is 400 and names its reason; an unknown outcome 504 with the transaction to ask for', async () => {
    const refused = gateway(() => ({
      status: 'refused',
      code: 'outOfStock',
      detail: 'item 7 has 0 left, 1 wanted',
    }))
    const response = await refused.app.request('/orders/checkout/o1', { method: 'POST' })
    expect(await problemOf(response)).toMatchObject({
      status: 400,
      reason: 'outOfStock',
      detail: 'item 7 has 0 left, 1 wanted',
    })

    const transaction = { id: { session: 's', sequence: 4 }, keyspace: 'orders', key: 'o1' }
    const unknown = gateway(() => ({ status: 'unknown', detail: 'no answer', transaction }))
    const indefinite = await problemOf(await unknown.app.request('/orders/checkout/o1', { method: 'POST' }))
    expect(indefinite).toMatchObject({ status: 504, transaction: expect.any(String) })
    const asking = gateway(() => committed())
    await asking.app.request(`/tx/${indefinite.transaction}`)
    expect(asking.asked[0]?.request).toMatchObject({ type: 'lookup', ...transaction })
  })

  test('an Idempotency-Key makes the same id for the same principal and key, another fingerprint for another request', async () => {
    const { app, asked } = gateway(() => ({ status: 'ok', body: 'done' }))
    const send = (path: string, key: string) =>
      app.request(path, { method: 'POST', headers: { 'Idempotency-Key': key } })
    await send('/payment/pay/u/5', 'k1')
    await send('/payment/pay/u/5', 'k1')
    await send('/payment/pay/u/6', 'k1')
    await send('/payment/pay/u/5', 'k2')
    const [first, again, other, another] = asked.map(({ request }) => request)
    expect(first).toEqual(again)
    expect(other?.id).toEqual(first?.id)
    expect(other?.fingerprint).not.toEqual(first?.fingerprint)
    expect(another?.id).not.toEqual(first?.id)
    expect(await problemOf(await send('/payment/pay/u/5', 'k'.repeat(256)))).toMatchObject({ status: 400 })
  })
})

describe('keys and transactions', () => {
  test('a missing key is 404, an existing one carries its version', async () => {
    const value = { value: 7, version: 3 }
    const read = (found: typeof value | { value: null; version: number }) =>
      gateway(() => ({ type: 'read', status: 'ok', values: [found] })).app.request('/kv/kv/a')
    expect(await (await read(value)).json()).toEqual(value)
    expect(await problemOf(await read({ value: null, version: 0 }))).toMatchObject({
      status: 404,
      detail: 'keyspace kv has no key "a"',
    })
  })

  test('cas swaps, or says that it did not', async () => {
    const body = JSON.stringify({ expect: 1, value: 2 })
    const cas = async (reply: (request: SessionRequest) => Reply) =>
      (await gateway(reply as never).app.request('/kv/kv/a/cas', { method: 'POST', body })).json()
    expect(await cas(() => committed())).toEqual({ swapped: true })
    const outcome = { status: 'refused', reason: 'checkFailed', operation: 0, detail: 'is 3' } as const
    expect(await cas(() => ({ type: 'transacted', id: { session: 's', sequence: 1 }, outcome }))).toEqual({
      swapped: false,
    })
  })

  test.each([
    [{ expected: 1, value: 2 }, 'expect is missing; unknown key "expected"; did you mean "expect"?'],
    [{ expect: null }, 'value is missing'],
    [{ expect: 1, value: null }, 'value: must not be null'],
  ])('cas with %j is refused', async (body, detail) => {
    const { app, asked } = gateway()
    const init = { method: 'POST', body: JSON.stringify(body) }
    expect(await problemOf(await app.request('/kv/kv/a/cas', init))).toMatchObject({ status: 400, detail })
    expect(asked).toEqual([])
  })

  test('an add to a missing key is told to bring what it begins with', async () => {
    const outcome = {
      status: 'refused',
      reason: 'missing',
      operation: 0,
      detail: 'kv/ann: does not exist',
    } as const
    const { app } = gateway(() => ({ type: 'transacted', id: { session: 's', sequence: 1 }, outcome }))
    const body = '{"operations":[{"op":"add","keyspace":"kv","key":"ann","amount":1}]}'
    expect(await problemOf(await app.request('/tx', { method: 'POST', body }))).toMatchObject({
      status: 409,
      reason: 'missing',
      detail: 'kv/ann: does not exist; give `initial`',
    })
  })

  const endings: readonly [answer: Answer, status: number][] = [
    [{ outcome: 'timeout' }, 504],
    [{ outcome: 'refused', reason: 'overloaded' }, 503],
    [{ outcome: 'refused', reason: 'no such actor' }, 503],
  ]
  test.each(endings)('when the node answers %o a write is %i', async (answer, status) => {
    const response = await gateway(undefined, answer).app.request('/kv/kv/a', { method: 'PUT', body: '1' })
    expect(await problemOf(response)).toMatchObject({ status })
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '1' : null)
  })
})

test('every route is in the OpenAPI document, and metrics are Prometheus text', async () => {
  const { app } = gateway()
  const document = (await (await app.request('/openapi.json')).json()) as { paths: Record<string, object> }
  expect(Object.keys(document.paths)).toContain('/orders/checkout/{order_id}')
  expect(Object.keys(document.paths['/payment/status/{user_id}/{order_id}'] ?? {})).toEqual(['get', 'post'])
  expect(await (await app.request('/metrics')).text()).toBe(
    '# HELP synod_turns_total Turns.\n# TYPE synod_turns_total counter\nsynod_turns_total 3\n',
  )
})

test('a node is not ready before it votes in all its groups', async () => {
  expect((await gateway().app.request('/readyz')).status).toBe(200)
  const { app } = gateway(undefined, undefined, ['kv.0', 'orders.0'])
  const response = await app.request('/readyz')
  expect(response.status).toBe(503)
  expect((await problemOf(response)).detail).toContain('not caught up yet in kv.0, orders.0')
})
