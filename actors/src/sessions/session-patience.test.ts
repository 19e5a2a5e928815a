/** How long a session waits before it asks again. */
import { beforeEach, expect, it } from 'vitest'
import {
  actor,
  afresh,
  anySent,
  k0,
  only,
  put,
  runs,
  submits,
  tickUntil,
  transact,
} from './session.fixture.ts'

beforeEach(afresh)

it('[EX4] a call is sent again soon when its group answers others again, however long it was silent', () => {
  actor.request(transact([put(k0)]))
  for (let lost = 0; lost < 3; lost++) tickUntil(anySent)
  expect(runs(actor.request(transact([put(k0, 2)])))).toMatchObject([{ outcome: { status: 'committed' } }])
  let ticks = 1
  while (actor.timer('tick').sent.length === 0) ticks++
  expect(ticks * 50).toBeLessThanOrEqual(1_250)
})

it('[EX4] a definite answer ends the silence', () => {
  let { to, message } = only(submits(actor.request(transact([put(k0)]))))
  for (let closed = 1; closed < 5; closed++) {
    const outcome = { status: 'overloaded' as const, detail: 'busy' }
    const { id, send = 0 } = message
    actor.message(to, { type: 'submitted', id, outcome, send, closed })
    ;({ to, message } = only(submits(tickUntil(anySent))))
  }
  expect([...actor.state.calls.values()]).toMatchObject([{ silent: 1, sends: 5 }])
})
