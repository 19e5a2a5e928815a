import { beforeAll, expect, test } from 'vitest'
import { gateway } from './gateway.fixture.ts'

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, object>> }>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: { readonly Problem: { readonly properties: object } } }
}

let document: Document
beforeAll(async () => {
  document = (await (await gateway().app.request('/openapi.json')).json()) as Document
})

function operations(): [method: string, path: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      method,
      path,
      operation,
    ]),
  )
}

test('[GW6] every write takes an Idempotency-Key, and says whom it refuses', () => {
  for (const [method, path, { parameters, responses }] of operations()) {
    const isWrite = method !== 'get'
    expect([path, parameters.some(({ name }) => name === 'Idempotency-Key')]).toEqual([path, isWrite])
    expect([path, '403' in responses, '422' in responses]).toEqual([path, isWrite, isWrite])
    expect([path, '401' in responses]).toEqual([path, path !== '/healthz' && path !== '/readyz'])
    expect(responses).toHaveProperty('500')
  }
})

test('[GW6] the numbers of a path are integers with bounds', () => {
  const found = operations().flatMap(([, , { parameters }]) =>
    parameters.filter(parameter => parameter.in === 'path' && !/id$|^key/.test(parameter.name)),
  )
  expect(new Set(found.map(({ name }) => name)).size).toBe(9)
  for (const { schema } of found)
    expect(schema).toMatchObject({ type: 'integer', minimum: expect.any(Number) })
})

test.each([
  ['post', '/orders/checkout/{order_id}', 'text/plain'],
  ['delete', '/orders/remove/{order_id}', 'text/plain'],
  ['post', '/stock/add/{item_id}/{amount}', 'text/plain'],
  ['post', '/payment/pay/{user_id}/{amount}', 'text/plain'],
  ['post', '/payment/add_funds/{user_id}/{amount}', 'application/json'],
  ['post', '/orders/create/{user_id}', 'application/json'],
  ['get', '/kv/{keyspace}/{key}', 'application/json'],
  ['get', '/metrics', 'text/plain'],
])('[GW6] %s %s answers %s', (method, path, media) => {
  expect(Object.keys(document.paths[path]?.[method]?.responses[200]?.content ?? {})).toEqual([media])
})

test('[GW6] a problem has more members than the standard ones', () => {
  expect(Object.keys(document.components.schemas.Problem.properties)).toEqual(
    expect.arrayContaining(['reason', 'operation', 'transaction', 'id']),
  )
})

test('an Idempotency-Key counts for every write of the shop', async () => {
  const { app, asked } = gateway(() => ({ status: 'ok', body: 'done' }))
  const headers = { 'Idempotency-Key': 'k' }
  await app.request('/orders/removeItem/7/8', { method: 'DELETE', headers })
  await app.request('/orders/find/7', { headers })
  expect(asked.map(({ request }) => 'id' in request)).toEqual([true, false])
})
