/** A leader that is silent is left, however little time each of its askers has. */
import { beforeEach, expect, it } from 'vitest'
import {
  actor,
  afresh,
  anyReply,
  groups,
  k0,
  only,
  put,
  submits,
  tickUntil,
  transact,
} from './session.fixture.ts'

beforeEach(afresh)

it('[EX4] a silent leader is left even where no asker waits long enough to ask twice', () => {
  // A busy node: the first silence is noticed late, and taken for how long answers take.
  const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 1_000 }))))
  actor.advance(700)
  tickUntil(anyReply)
  const targets = new Set([first.to])
  for (let asked = 0; asked < 2; asked++) {
    targets.add(only(submits(actor.request(transact([put(k0)], { deadlineMs: 1_000 })))).to)
    tickUntil(anyReply)
  }
  expect(targets.size).toBe(3)
})

it('[EX4] a leader that answers others is slow, not silent', () => {
  const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 1_000 }))))
  const other = only(submits(actor.request(transact([put(k0)], { deadlineMs: 9_000 }))))
  actor.advance(700)
  actor.message(other.to, groups.answer(other.to, other.message))
  tickUntil(anyReply)
  expect(only(submits(actor.request(transact([put(k0)])))).to).toBe(first.to)
})
