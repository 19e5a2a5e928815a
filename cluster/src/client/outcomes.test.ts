/** What the client library makes of outcomes. */
import type { Outcome } from '@synod/actors'
import { expect, test } from 'vitest'
import { Client, DefiniteError, IndefiniteError } from './index.ts'

/** A client whose only node gives every transaction this outcome. */
function clientTold(outcome: Outcome): Client {
  const connection = {
    call: (_request: unknown, _sent: unknown, done: (answer: unknown) => void) =>
      done({ type: 'transacted', id: { session: 's', sequence: 1 }, outcome }),
  }
  return new Client({ to: () => connection, anywhere: connection, close: () => undefined } as never, 1_000)
}

test('cas is false where the value differs, and nowhere else', async () => {
  const refused = (reason: 'checkFailed' | 'invalid') =>
    clientTold({ status: 'refused', reason, operation: 0, detail: 'd' }).cas('kv', 'a', 1, 2)
  expect(await refused('checkFailed')).toBe(false)
  await expect(refused('invalid')).rejects.toBeInstanceOf(DefiniteError)
})

test('an answer that is no longer kept says nothing definite', async () => {
  const put = clientTold({ status: 'expired', detail: 'd' }).put('kv', 'a', 1)
  await expect(put).rejects.toBeInstanceOf(IndefiniteError)
})
