import type { Outcome } from '@synod/actors'
import type { Answer } from '@synod/runtime/host'
import { expect, test } from 'vitest'
import { gateway, problemOf } from './gateway.fixture.ts'
import { writeHandle } from './tx-id.ts'

const id = { session: 's', sequence: 1 }
const handle = writeHandle({ id, keyspace: 'kv', key: 'a' })

const said = (outcome: Outcome): Answer => ({
  outcome: 'answered',
  result: { type: 'transacted', id, outcome },
})

const endings: readonly [what: string, answer: Answer, status: number, detail: string][] = [
  [
    'of which nothing is known',
    said({ status: 'unavailable', detail: 'nothing is known of this transaction' }),
    404,
    'did not happen so far; if its request may still be under way, ask again',
  ],
  [
    'whose answer is no longer kept',
    said({ status: 'expired', detail: 'it cannot execute again' }),
    410,
    'it may have committed; it will not run again',
  ],
  [
    'when too much is waiting',
    said({ status: 'overloaded', detail: 'too many requests waiting' }),
    503,
    'too many requests waiting',
  ],
  ['when nobody can be asked', { outcome: 'refused', reason: 'no such actor' }, 503, 'cannot take requests'],
  ['when nobody answers', { outcome: 'timeout' }, 504, 'no answer within'],
]
test.each(endings)('[GW12] a lookup of a transaction %s', async (_, answer, status, detail) => {
  const { app, asked } = gateway(undefined, answer)
  const response = await app.request(`/tx/${handle}`)
  expect(response.headers.get('retry-after')).toBe(status === 503 ? '1' : null)
  expect(await problemOf(response)).toMatchObject({ status, detail: expect.stringContaining(detail) })
  expect(asked).toMatchObject([{ request: { type: 'lookup', id, keyspace: 'kv', key: 'a' } }])
})

test('[GW12] what is too old is not said to have been undone', async () => {
  const { app } = gateway(undefined, said({ status: 'expired', detail: '' }))
  expect((await problemOf(await app.request(`/tx/${handle}`))).title).toBe(
    'Too old to tell: it may have committed; it will not run again',
  )
})
