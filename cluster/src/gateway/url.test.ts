import { expect, test } from 'vitest'
import { gateway, problemOf } from './gateway.fixture.ts'

test.each([
  ['PUT', '/kv/kv/%zz'],
  ['PUT', '/kv/kv/%ff'],
  ['PUT', '/kv/kv/100%'],
  ['GET', '/kv/kv/%E0%A4%A'],
  ['GET', '/kv/kv?prefix=%zz'],
  ['POST', '/orders/create/%zz'],
])('[GW7] bad percent-encoding is refused: %s %s', async (method, path) => {
  const { app, asked } = gateway()
  const init = method === 'PUT' ? { method, body: '1' } : { method }
  expect(await problemOf(await app.request(path, init))).toMatchObject({
    status: 400,
    detail: expect.stringContaining('bad percent-encoding'),
  })
  expect(asked).toEqual([])
})

test.each([
  ['%25zz', '%zz'],
  ['a%2Fb%3Fc', 'a/b?c'],
  ['%2541', '%41'],
  ['%F0%9F%8D%B5', '\u{1f375}'],
])('[GW7] %s is the key %s', async (path, key) => {
  const { app, asked } = gateway(() => ({ type: 'read', status: 'ok', values: [{ value: 1, version: 1 }] }))
  expect((await app.request(`/kv/kv/${path}`)).status).toBe(200)
  expect(asked[0]?.request).toMatchObject({ keys: [{ keyspace: 'kv', key }] })
})

test.each([
  ['GET', '/kv/kv/a?prefix=b', '"prefix"; this route has none'],
  ['PUT', '/kv/kv/a?ttl=5', '"ttl"; this route has none'],
  ['GET', '/kv/kv?__proto__=1', '"__proto__"; known: prefix, after, limit'],
])('[GW10] an unknown query parameter is refused: %s %s', async (method, path, detail) => {
  const { app, asked } = gateway()
  const init = method === 'PUT' ? { method, body: '1' } : { method }
  expect(await problemOf(await app.request(path, init))).toMatchObject({
    status: 400,
    detail: `unknown query parameter ${detail}`,
  })
  expect(asked).toEqual([])
})

test('[GW6] routes of the shop, and those that look after a node, take any query', async () => {
  const { app } = gateway(() => ({ status: 'ok', body: 'paid' }))
  expect((await app.request('/healthz?at=1&%zz')).status).toBe(200)
  expect((await app.request('/orders/checkout/7?run=1&%zz', { method: 'POST' })).status).toBe(200)
})
