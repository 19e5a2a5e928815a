/** When an outcome is definite, and what becomes of the session where it is not. */
import { beforeEach, expect, it } from 'vitest'
import {
  actor,
  afresh,
  answers,
  anyReply,
  anySent,
  groups,
  k0,
  k1,
  only,
  put,
  refuse,
  runs,
  submits,
  tickUntil,
  transact,
} from './session.fixture.ts'
import type { SessionMessage } from './session.ts'

beforeEach(afresh)

/** Until somebody is answered; whatever is sent until then is refused. */
const refusedUntilReply = () =>
  tickUntil(effects => {
    for (const { to, message } of submits(effects)) refuse(to, message, 'notLeader', null)
    return anyReply(effects)
  })

it('[EX5, EX6] one of several askers is told nothing definite while it is still tried for the others', () => {
  const id = { session: 'client', sequence: 5 }
  const first = only(submits(actor.request(transact([put(k0)], { id, deadlineMs: 400 }))))
  actor.request(transact([put(k0)], { id, deadlineMs: 10_000 }))
  refuse(first.to, first.message, 'notLeader', null)
  expect(answers(refusedUntilReply())).toMatchObject([{ outcome: { status: 'unknown' } }])
  expect(runs(tickUntil(anySent))).toMatchObject([{ outcome: { status: 'committed' } }])
})

it('[EX1, EX12] who only looks a transaction up does not keep it going', () => {
  const id = { session: 'client', sequence: 5 }
  actor.request(transact([put(k0)], { id, deadlineMs: 200 }))
  actor.request({ type: 'lookup', id, keyspace: 'kv', key: k0, deadlineMs: 10_000 })
  expect(answers(tickUntil(anyReply))).toMatchObject([{ outcome: { status: 'unknown' } }])
  expect([...actor.state.calls.values()].map(({ work }) => work.kind)).toEqual(['lookup'])
})

it('[EX5] a group that does not know the outcome does not end the transaction', () => {
  const { to, message } = only(submits(actor.request(transact([put(k0)]))))
  const outcome = { status: 'unknown', detail: 'deposed' } as const
  const told = actor.message(to, { type: 'submitted', id: message.id, outcome, send: message.send ?? 0 })
  expect(told.replies).toEqual([])
  expect(actor.message(to, groups.answer(to, message)).replies).toHaveLength(1)
})

it.each(['overloaded', 'wrongEpoch'] as const)('[EX13] %s with what is closed settles every send', type => {
  const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 1_000 }))))
  const second = only(submits(tickUntil(anySent)))
  const { id, send } = second.message
  // An older epoch: the group has not taken up the map yet, and the call waits.
  const refusal = { type, group: 'kv.0', epoch: 0, tx: `${id.session}:${id.sequence}`, send, closed: 1 }
  actor.message(second.to, refusal as SessionMessage)
  const third = only(submits(tickUntil(anySent)))
  expect([first.message.after, third.message.after]).toEqual([0, 1])
  refuse(third.to, third.message, 'notLeader', null)
  expect(answers(refusedUntilReply())).toMatchObject([{ outcome: { status: 'unavailable' } }])
})

const bulk = { type: 'bulk', operations: [put(k0), put(k1)], deadlineMs: 200 } as const

it('[EX7] chunks that are let go and may still happen leave the session', () => {
  const sent = submits(actor.request(bulk))
  expect(answers(tickUntil(anyReply))).toMatchObject([{ type: 'bulkDone', status: 'unavailable' }])
  const next = only(submits(actor.request(transact([put(k0)]))))
  for (const { message } of sent) expect(next.message.id.session).not.toBe(message.id.session)
  expect(next.message).toMatchObject({ id: { sequence: 1 }, firstIncomplete: 1 })
})

it('[EX7] chunks that certainly never happen are closed, and the session stays', () => {
  const sent = submits(actor.request(bulk))
  for (const { to, message } of sent) refuse(to, message, 'notLeader', null)
  refusedUntilReply()
  const next = only(submits(actor.request(transact([put(k0)]))))
  expect(next.message.id).toEqual({ session: sent[0]?.message.id.session, sequence: 3 })
  expect(next.message.firstIncomplete).toBe(3)
})
