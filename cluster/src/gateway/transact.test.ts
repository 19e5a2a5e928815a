import type { Operation, Outcome, SessionRequest } from '@synod/actors'
import { expect, test } from 'vitest'
import { gateway } from './gateway.fixture.ts'
import { retentionMs } from './idempotency.ts'

type Transact = Extract<SessionRequest, { type: 'transact' }>

/**
 * Sends operations to `/tx` of a node whose session says `outcome`; gives the answer and what the session was asked.
 */
async function sent(operations: readonly Operation[], key: string | undefined, outcome: Outcome) {
  const { app, asked } = gateway(() => ({ type: 'transacted', id: { session: 's', sequence: 1 }, outcome }))
  const headers: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key }
  const response = await app.request('/tx', {
    method: 'POST',
    headers,
    body: JSON.stringify({ operations }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  if (typeof answer.id === 'string') await app.request(`/tx/${answer.id}`)
  return { status: response.status, answer, asked: asked[0]?.request as Transact, lookup: asked[1]?.request }
}

const put: Operation = { op: 'put', keyspace: 'kv', key: 'a', value: 1 }
const add: Operation = { op: 'add', keyspace: 'kv', key: 'n', amount: 2, initial: 0 }
const done = (...results: Extract<Outcome, { status: 'committed' }>['results']): Outcome => ({
  status: 'committed',
  results,
})
const ok = { ok: true } as const

test('[GW11] one key is coordinated in one place, whatever the operations are about', async () => {
  const one = await sent([put], 'k', done(ok, { version: 3 }))
  const other = await sent([{ op: 'get', keyspace: 'stock', key: 'x/count' }, put], 'k', done(ok))
  const [anchor] = one.asked.operations
  expect(anchor).toMatchObject({ op: 'check', exists: false })
  expect(other.asked.operations[0]).toEqual(anchor)
  expect(other.asked.id).toEqual(one.asked.id)
  expect(one.asked.retainMs).toBe(retentionMs)
  expect(other.asked.fingerprint).not.toBe(one.asked.fingerprint)
  const another = await sent([put], 'l', done(ok, { version: 3 }))
  expect(another.asked.operations[0]).not.toEqual(anchor)
  expect(one.lookup).toMatchObject({ type: 'lookup', keyspace: anchor?.keyspace, key: anchor?.key })
})

test('[GW11] results are those of the operations', async () => {
  const two = await sent([put, add], 'k', done(ok, { version: 3 }, { value: null }))
  expect(two.answer.results).toEqual([{ version: 3 }, { value: null }])
  const lone = await sent([add], 'k', done(ok, { value: null }, { value: 2, version: 7 }))
  expect(lone.asked.operations).toHaveLength(3)
  expect(lone.answer.results).toEqual([{ value: 2 }])
})

test('[GW11] a refusal names the operation by its place in the request', async () => {
  const refused = (operation: number): Outcome => ({
    status: 'refused',
    reason: 'checkFailed',
    operation,
    detail: 'kv/a is 3',
  })
  expect((await sent([put, add], 'k', refused(2))).answer).toMatchObject({ status: 409, operation: 1 })
  expect((await sent([put, add], undefined, refused(1))).answer).toMatchObject({ status: 409, operation: 1 })
})

test('[GW11] the key needs one of the operations', async () => {
  const many = Array.from({ length: 1_000 }, (_, at): Operation => ({ ...put, key: `k${at}` }))
  expect((await sent(many, undefined, done())).status).toBe(200)
  const { status, answer } = await sent(many, 'k', done())
  expect(status).toBe(400)
  expect(answer.detail).toBe('1000 operations: at most 999 fit in a transaction with an Idempotency-Key')
})

test('without a key nothing is added', async () => {
  const { asked, answer, lookup } = await sent([put], undefined, done({ version: 3 }))
  expect(asked).toEqual({ type: 'transact', operations: [put], deadlineMs: 10_000 })
  expect(answer.results).toEqual([{ version: 3 }])
  expect(lookup).toMatchObject({ type: 'lookup', keyspace: 'kv', key: 'a' })
})
