import { nodeId } from '@synod/runtime/protocol'
import { beforeEach, expect, it } from 'vitest'
import {
  actor,
  afresh,
  answers,
  anyReply,
  anySent,
  groups,
  k0,
  only,
  put,
  refuse,
  submits,
  tickUntil,
  transact,
} from './session.fixture.ts'

beforeEach(afresh)

/** Ten transactions, each of which takes its group `ms`. */
function answerIn(ms: number): void {
  for (let call = 0; call < 10; call++) {
    const { to, message } = only(submits(actor.request(transact([put(k0)]))))
    actor.advance(ms)
    actor.message(to, groups.answer(to, message))
  }
}
const closed = (id: object, send: number | undefined) =>
  ({
    type: 'submitted',
    id,
    outcome: { status: 'unavailable', detail: 'not decided in time' },
    ...(send === undefined ? {} : { send }),
    closed: 1,
  }) as never

it('[EX5] what is settled stays definite where the answer to one more send could not come in time', () => {
  answerIn(400)
  const { to, message } = only(submits(actor.request(transact([put(k0)], { deadlineMs: 1_000 }))))
  actor.advance(700)
  actor.message(to, closed(message.id, message.send))
  const end = tickUntil(effects => {
    expect(effects.sent).toEqual([])
    return anyReply(effects)
  })
  expect(answers(end)).toMatchObject([{ outcome: { status: 'unavailable' } }])
})

it('[EX5] where there is time it is sent again', () => {
  answerIn(20)
  const { to, message } = only(submits(actor.request(transact([put(k0)], { deadlineMs: 1_000 }))))
  actor.advance(700)
  actor.message(to, closed(message.id, message.send))
  expect(submits(tickUntil(anySent))).toHaveLength(1)
})

it('[EX5] a group gives up before its answer would be too late', () => {
  const patience = () => {
    const { to, message } = only(submits(actor.request(transact([put(k0)], { deadlineMs: 4_000 }))))
    actor.message(to, groups.answer(to, message))
    return message.patienceMs
  }
  expect(patience()).toBe(3_500)
  answerIn(800)
  expect(patience()).toBeLessThanOrEqual(3_200)
  expect(patience()).toBeGreaterThanOrEqual(2_000)
})

it('[EX4] a refusal of an earlier send does not end the silence about the one that is under way', () => {
  const first = only(submits(actor.request(transact([put(k0)]))))
  const second = only(submits(actor.peer(nodeId('n1'), false)))
  expect(second.message.send).not.toBe(first.message.send)
  refuse(first.to, first.message, 'notLeader', null)
  // It was asked twice in vain: of an answer to the next sending nobody could tell which time it answers.
  expect([...actor.state.calls.values()]).toMatchObject([{ silent: 2 }])
  refuse(second.to, second.message, 'notLeader', null)
  expect([...actor.state.calls.values()]).toMatchObject([{ silent: 0 }])
})

it('[EX4] who answers late, asked no longer, is not taken for the leader again', () => {
  const late = only(submits(actor.request(transact([put(k0)]))))
  actor.peer(nodeId('n1'), false)
  const elsewhere = only(submits(actor.request(transact([put(k0)]))))
  expect(elsewhere.to).not.toBe(late.to)
  // As the group's next leader would.
  actor.message(elsewhere.to, groups.answer(late.to, elsewhere.message))
  actor.peer(nodeId('n1'), true)
  actor.message(late.to, groups.answer(late.to, late.message))
  expect(only(submits(actor.request(transact([put(k0)])))).to).toBe(elsewhere.to)
})
