import { nodeId, nodeOf } from '@synod/runtime/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Operation } from '../transactions/operations.ts'
import type { SessionRequest } from './messages.ts'
import {
  actor,
  afresh,
  answers,
  anyReply,
  anySent,
  groups,
  k0,
  k1,
  map,
  member,
  only,
  put,
  refuse,
  runs,
  sentOf,
  service,
  settleAll,
  submits,
  tickUntil,
  transact,
} from './session.fixture.ts'
import type { SessionMessage } from './session.ts'

beforeEach(afresh)

describe('a transaction', () => {
  it('[EX3] is planned into one share per group, the coordinator first, with an id of its own', () => {
    const { to, message } = only(submits(actor.request(transact([put(k1), put(k0), put(k1, 2)]))))
    expect(to).toBe(member(map.groups['kv.1']?.preferred ?? '', 'kv.1'))
    expect(message).toMatchObject({ type: 'submit', epoch: 1, firstIncomplete: 1 })
    expect(message.id.sequence).toBe(1)
    expect(message.shares.map(share => [share.group, share.operations.map(one => one.index)])).toEqual([
      ['kv.1', [0, 2]],
      ['kv.0', [1]],
    ])
    expect(message.patienceMs).toBeLessThan(10_000)
  })

  it('[EX1] is answered once, to whoever asked, and duplicates of the answer change nothing', () => {
    const effects = actor.request(transact([put(k0, 7)]))
    const { to, message } = only(submits(effects))
    const submitted = groups.answer(to, message)
    expect(answers(actor.message(to, submitted))).toMatchObject([
      { type: 'transacted', id: message.id, outcome: { status: 'committed' } },
    ])
    expect(actor.message(to, submitted).replies).toEqual([])
    const told = settleAll(actor.message(service, { ...transact([put(k0)]), tag: 42 } as SessionMessage))
    const toService = told.flatMap(sentOf).filter(wire => wire.to === service)
    expect(toService).toMatchObject([
      { message: { type: 'transacted', tag: 42, outcome: { status: 'committed' } } },
    ])
  })

  it('[EX4] follows a hint at once and remembers the leader', () => {
    const { to, message } = only(submits(actor.request(transact([put(k0)]))))
    const again = only(submits(refuse(to, message, 'notLeader', 'n3')))
    expect(again.to).toBe(member('n3', 'kv.0'))
    expect(again.message.id).toEqual(message.id)
    expect(only(submits(actor.request(transact([put(k0)])))).to).toBe(member('n3', 'kv.0'))
  })

  it('[EX4] two members that name each other do not make it spin', () => {
    let { to, message } = only(submits(actor.request(transact([put(k0)]))))
    let hops = 0
    for (; hops < 50; hops++) {
      const next = submits(refuse(to, message, 'notLeader', nodeOf(to) === 'n1' ? 'n2' : 'n1'))
      if (next.length === 0) break
      ;({ to, message } = only(next))
    }
    expect(hops).toBeLessThan(6)
    expect(tickUntil(anySent).sent).toHaveLength(1)
  })

  it('[EX4] is sent again when there is no answer, with the same id, and to another member in the end', () => {
    const first = only(submits(actor.request(transact([put(k0)]))))
    const targets = [first.to]
    const sends = new Set([first.message.send])
    for (let times = 0; times < 4; times++) {
      const next = only(submits(tickUntil(anySent)))
      expect(next.message.id).toEqual(first.message.id)
      expect(sends.has(next.message.send)).toBe(false)
      sends.add(next.message.send)
      targets.push(next.to)
    }
    expect(new Set(targets).size).toBeGreaterThan(1)
  })

  it('[EX4] is not sent again before its answer can have come, once that is known', () => {
    let sends = 0
    for (let asked = 0; asked < 60; asked++) {
      const first = actor.request(transact([put(k0)]))
      let early = 0
      for (let tick = 0; tick < 14; tick++) early += actor.timer('tick').sent.length
      if (asked >= 30) sends += early
      runs(first)
    }
    expect(sends).toBe(0)
  })

  it('[EX4] what waits for a leader goes on as soon as one is learnt', () => {
    const a = only(submits(actor.request(transact([put(k0)]))))
    const b = only(submits(actor.request(transact([put(k0, 2)]))))
    expect(refuse(a.to, a.message, 'notLeader', null).sent).toEqual([])
    const effects = submits(refuse(b.to, b.message, 'notLeader', 'n2'))
    expect(effects.map(wire => [wire.to, wire.message.id.sequence]).sort()).toEqual([
      [member('n2', 'kv.0'), 1],
      [member('n2', 'kv.0'), 2],
    ])
  })

  it('[EX4] is sent elsewhere at once when its node goes away', () => {
    const first = only(submits(actor.request(transact([put(k1)]))))
    expect(nodeOf(first.to)).toBe('n2')
    const effects = actor.peer(nodeId('n2'), false)
    expect(only(submits(effects)).to).toBe(member('n3', 'kv.1'))
    expect(nodeOf(only(submits(actor.request(transact([put(k1)])))).to)).toBe('n3')
    actor.peer(nodeId('n2'), true)
    expect(actor.state.down.size).toBe(0)
  })

  it('[EX5] at the deadline it is unavailable when every send was refused', () => {
    const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 400 }))))
    let pending = submits(refuse(first.to, first.message, 'notLeader', null))
    for (let ticks = 0; ticks < 20; ticks++) {
      const effects = actor.timer('tick')
      if (anyReply(effects)) {
        expect(answers(effects)).toMatchObject([{ outcome: { status: 'unavailable' } }])
        return
      }
      pending = submits(effects)
      for (const wire of pending) refuse(wire.to, wire.message, 'notLeader', null)
    }
    expect.unreachable()
  })

  it('[EX5] at the deadline it is unknown when one send was never answered', () => {
    const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 400 }))))
    actor.peer(nodeOf(first.to), false)
    const end = tickUntil(effects => {
      for (const wire of submits(effects)) refuse(wire.to, wire.message, 'notLeader', null)
      return anyReply(effects)
    })
    expect(answers(end)).toMatchObject([{ outcome: { status: 'unknown' } }])
  })

  it('[EX13] a closed attempt settles every send that knew of fewer, wherever it is', () => {
    const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 1_000 }))))
    expect(first.message.after).toBe(0)
    tickUntil(anySent)
    const elsewhere = only(submits(tickUntil(anySent)))
    expect(elsewhere.to).not.toBe(first.to)
    const closed = {
      type: 'submitted',
      id: first.message.id,
      outcome: { status: 'unavailable', detail: 'patience passed' },
      send: 2,
      closed: 3,
    } as const
    actor.message(first.to, closed)
    const again = only(submits(tickUntil(anySent)))
    expect(again.message.after).toBe(3)
    // An old answer says nothing of what was sent since.
    actor.message(elsewhere.to, closed)
    const end = tickUntil(anyReply)
    expect(answers(end)).toMatchObject([{ outcome: { status: 'unknown' } }])
  })

  it('[EX13] when nothing was sent since, the deadline finds it definitely not done', () => {
    const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 300 }))))
    tickUntil(anySent)
    actor.advance(200)
    const outcome = { status: 'unavailable', detail: 'patience passed' } as const
    actor.message(first.to, { type: 'submitted', id: first.message.id, outcome, send: 2, closed: 1 })
    expect(answers(tickUntil(anyReply))).toMatchObject([{ outcome: { status: 'unavailable' } }])
  })

  it('[EX5] a leader that was deposed with it says nothing definite', () => {
    const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 200 }))))
    const tx = `${first.message.id.session}:${first.message.id.sequence}`
    actor.message(first.to, { type: 'notLeader', group: 'kv.0', leader: null, tx })
    const end = tickUntil(effects => {
      for (const wire of submits(effects)) refuse(wire.to, wire.message, 'notLeader', null)
      return anyReply(effects)
    })
    expect(answers(end)).toMatchObject([{ outcome: { status: 'unknown' } }])
  })

  it('[EX5] a refusal speaks of the send that it answers, not of one that the same node took while it led', () => {
    const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 400 }))))
    const second = only(submits(tickUntil(anySent)))
    expect(second.to).toBe(first.to)
    refuse(second.to, second.message, 'notLeader', null)
    const end = tickUntil(effects => {
      for (const wire of submits(effects)) refuse(wire.to, wire.message, 'notLeader', null)
      return anyReply(effects)
    })
    expect(answers(end)).toMatchObject([{ outcome: { status: 'unknown' } }])
  })

  it('[EX5] is tried again after a definite answer, until the deadline', () => {
    const { to, message } = only(submits(actor.request(transact([put(k0)]))))
    const outcome = { status: 'unavailable', detail: 'lost leadership' } as const
    expect(
      actor.message(to, { type: 'submitted', id: message.id, outcome, send: 1, closed: 1 }).replies,
    ).toEqual([])
    actor.message(to, { type: 'overloaded', group: 'kv.0', tx: `${message.id.session}:1`, send: 1 })
    expect(runs(tickUntil(anySent))).toMatchObject([{ outcome: { status: 'committed' } }])
  })

  it('[EX2, EX6] a retry that comes while the first is under way joins it', () => {
    const id = { session: 'client', sequence: 5 }
    const first = actor.request(transact([put(k0)], { id, fingerprint: 'f' }))
    const second = actor.request(transact([put(k0)], { id, fingerprint: 'f' }))
    expect(second.sent).toEqual([])
    expect(runs(first)).toHaveLength(2)
    expect(groups.executed).toBe(1)
  })

  it('[EX6] another request under an id in use is refused, and the first is not disturbed', () => {
    const id = { session: 'client', sequence: 5 }
    const first = actor.request(transact([put(k0)], { id, fingerprint: 'f' }))
    expect(answers(actor.request(transact([put(k0)], { id, fingerprint: 'g' })))).toMatchObject([
      { outcome: { status: 'conflictingRequest' } },
    ])
    expect(runs(first)).toHaveLength(1)
    const other = actor.request(transact([put(k1)], { id: { session: 'c', sequence: 1 } }))
    expect(answers(actor.request(transact([put(k0)], { id: { session: 'c', sequence: 1 } })))).toMatchObject([
      { outcome: { status: 'conflictingRequest' } },
    ])
    expect(other.sent).toHaveLength(1)
  })

  it('[EX6] each asker of a joined transaction has its own deadline', () => {
    const id = { session: 'client', sequence: 5 }
    actor.request(transact([put(k0)], { id, deadlineMs: 200 }))
    actor.request(transact([put(k0)], { id, deadlineMs: 10_000 }))
    const early = tickUntil(anyReply)
    expect(answers(early)).toMatchObject([{ outcome: { status: 'unknown' } }])
    expect(runs(tickUntil(anySent))).toMatchObject([{ outcome: { status: 'committed' } }])
  })

  it('[EX7] the first incomplete number moves with the answers', () => {
    const first = actor.request(transact([put(k0)]))
    const second = only(submits(actor.request(transact([put(k1)]))))
    expect(second.message.firstIncomplete).toBe(1)
    settleAll(first)
    const third = only(submits(actor.request(transact([put(k1)]))))
    expect(third.message).toMatchObject({ id: { sequence: 3 }, firstIncomplete: 2 })
  })

  it('[EX7] an unknown end leaves the session, so that its record is not forgotten', () => {
    const first = only(submits(actor.request(transact([put(k0)], { deadlineMs: 100 }))))
    const slow = actor.request(transact([put(k1)]))
    expect(answers(tickUntil(anyReply))).toMatchObject([{ outcome: { status: 'unknown' } }])
    const next = only(submits(actor.request(transact([put(k0)]))))
    expect(next.message.id.session).not.toBe(first.message.id.session)
    expect(next.message).toMatchObject({ id: { sequence: 1 }, firstIncomplete: 1 })
    expect(runs(slow)).toHaveLength(1)
  })

  it('[EX7] a restart begins another session', () => {
    const before = actor.state.own.id
    actor.advance(5)
    actor.restart()
    expect(actor.state.own.id).not.toBe(before)
  })

  it('[EX3] what cannot be placed is refused, and the keyspaces there are are named', () => {
    const elsewhere: Operation = { op: 'get', keyspace: 'kw', key: 'a' }
    expect(answers(actor.request(transact([put(k0), elsewhere])))).toMatchObject([
      {
        outcome: {
          status: 'refused',
          reason: 'invalid',
          operation: 1,
          detail: expect.stringContaining('kv'),
        },
      },
    ])
    expect(answers(actor.request(transact([])))).toMatchObject([{ outcome: { reason: 'invalid' } }])
    const many = Array.from({ length: 1_001 }, () => put(k0))
    expect(answers(actor.request(transact(many)))).toMatchObject([{ outcome: { reason: 'tooLarge' } }])
    expect(actor.state.asks.size).toBe(0)
  })

  it('[EX10] too many at a time are refused as overloaded', () => {
    actor.restart({ config: { map, limits: { asks: 2 } } })
    actor.request(transact([put(k0)]))
    actor.request(transact([put(k0)]))
    expect(answers(actor.request(transact([put(k0)])))).toMatchObject([{ outcome: { status: 'overloaded' } }])
    const read: SessionRequest = { type: 'read', keys: [{ keyspace: 'kv', key: k0 }], deadlineMs: 100 }
    expect(answers(actor.request(read))).toMatchObject([{ type: 'read', status: 'overloaded' }])
  })
})
