import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { type Idempotency, idempotency, retentionMs } from './idempotency.ts'

const app = new Hono()
app.all('*', async c => c.json((await idempotency(c)) ?? null))

/** What a request to `/tx` stands for. */
async function of(key: string, more: { method?: string; token?: string; body?: string } = {}) {
  const { method = 'POST', token, body = '{}' } = more
  const headers = {
    'Idempotency-Key': key,
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  }
  return (await (await app.request('/tx', { method, headers, body })).json()) as Idempotency
}

test('[GW11] the same request under the same key is the same, and its answer is kept for a day', async () => {
  const one = await of('k', { token: 'a' })
  expect(await of('k', { token: 'a' })).toEqual(one)
  expect(one.retainMs).toBe(retentionMs)
  expect(retentionMs).toBe(24 * 60 * 60 * 1_000)
})

test('[GW11] the key of one caller is not that of another', async () => {
  const ids = await Promise.all([
    of('k'),
    of('k', { token: 'a' }),
    of('k', { token: 'b' }),
    of('l', { token: 'a' }),
  ])
  expect(new Set(ids.map(({ id }) => id.session)).size).toBe(4)
})

test('[GW11] under one key another method or body is another request', async () => {
  const requests = await Promise.all([
    of('k', { method: 'PUT' }),
    of('k', { method: 'DELETE' }),
    of('k'),
    of('k', { body: '[]' }),
  ])
  expect(new Set(requests.map(({ fingerprint }) => fingerprint)).size).toBe(4)
  expect(new Set(requests.map(({ id }) => id.session)).size).toBe(1)
})
