import { beforeEach, describe, expect, it } from 'vitest'
import type { SessionRequest } from './messages.ts'
import {
  actor,
  afresh,
  answers,
  anyReply,
  k0,
  member,
  only,
  put,
  runs,
  self,
  sentOf,
  tickUntil,
  transact,
} from './session.fixture.ts'

beforeEach(afresh)

const nothing = { status: 'unavailable', detail: 'nothing is known' } as const

describe('lookups', () => {
  it('[EX12] a lookup answers what the coordinating group has recorded', () => {
    const id = { session: 'client', sequence: 3 }
    const lookup: SessionRequest = {
      type: 'lookup',
      id,
      keyspace: 'kv',
      key: k0,
      fingerprint: 'f',
      deadlineMs: 300,
    }
    expect(runs(actor.request(lookup))).toMatchObject([
      { type: 'transacted', id, outcome: { status: 'unavailable' } },
    ])
    runs(actor.request(transact([put(k0)], { id, fingerprint: 'f' })))
    expect(runs(actor.request(lookup))).toMatchObject([{ outcome: { status: 'committed' } }])
    expect(runs(actor.request({ ...lookup, fingerprint: 'g' }))).toMatchObject([
      { outcome: { status: 'conflictingRequest' } },
    ])
    actor.request(lookup)
    expect(answers(tickUntil(anyReply))).toMatchObject([{ outcome: { status: 'unknown' } }])
  })

  it('[EX12] an answer ends every lookup of its transaction, and no other', () => {
    const lookup = (sequence: number): SessionRequest => ({
      type: 'lookup',
      id: { session: 'c', sequence },
      keyspace: 'kv',
      key: k0,
      deadlineMs: 300,
    })
    const [first] = [lookup(1), lookup(1), lookup(2)].flatMap(request => sentOf(actor.request(request)))
    const answer = { type: 'submitted', id: { session: 'c', sequence: 1 }, outcome: nothing } as const
    expect(answers(actor.message(first?.to ?? self, answer))).toMatchObject([
      { id: { sequence: 1 }, outcome: nothing },
      { id: { sequence: 1 }, outcome: nothing },
    ])
    expect(answers(actor.message(first?.to ?? self, answer))).toEqual([])
    expect(answers(tickUntil(anyReply))).toMatchObject([
      { id: { sequence: 2 }, outcome: { status: 'unknown' } },
    ])
    expect(actor.state.lookups.size).toBe(0)
  })

  it('[EX12] neither too much load nor a node that was not asked answers a lookup', () => {
    const id = { session: 'client', sequence: 3 }
    const { to } = only(
      sentOf(actor.request({ type: 'lookup', id, keyspace: 'kv', key: k0, deadlineMs: 300 })),
    )
    const overloaded = { status: 'overloaded', detail: 'too much waits' } as const
    expect(actor.message(to, { type: 'submitted', id, outcome: overloaded }).replies).toEqual([])
    const other = member(to.startsWith('n2/') ? 'n3' : 'n2', 'kv.0')
    expect(actor.message(other, { type: 'submitted', id, outcome: nothing }).replies).toEqual([])
    expect(answers(actor.message(to, { type: 'submitted', id, outcome: nothing }))).toHaveLength(1)
  })

  it('[EX12] a lookup of what is under way here waits for it', () => {
    const id = { session: 'client', sequence: 3 }
    const first = actor.request(transact([put(k0)], { id }))
    expect(actor.request({ type: 'lookup', id, keyspace: 'kv', key: k0, deadlineMs: 300 }).sent).toEqual([])
    expect(runs(first)).toMatchObject([
      { outcome: { status: 'committed' } },
      { outcome: { status: 'committed' } },
    ])
  })

  it('[EX12] the answer to a lookup does not settle a send of the same transaction', () => {
    const id = { session: 'client', sequence: 3 }
    const lookup = only(
      sentOf(actor.request({ type: 'lookup', id, keyspace: 'kv', key: k0, deadlineMs: 300 })),
    )
    const sent = actor.request(transact([put(k0)], { id }))
    const effects = actor.message(lookup.to, { type: 'submitted', id, outcome: nothing })
    expect(answers(effects)).toHaveLength(1)
    expect(runs(sent)).toMatchObject([{ outcome: { status: 'committed' } }])
  })

  it('[EX12] what a lookup of another request is told is not the answer to the request under its id', () => {
    const id = { session: 'client', sequence: 3 }
    const where = { id, keyspace: 'kv', key: k0, deadlineMs: 300 }
    const lookup = only(sentOf(actor.request({ type: 'lookup', ...where, fingerprint: 'g' })))
    const sent = actor.request(transact([put(k0)], { id, fingerprint: 'f' }))
    const other = { status: 'conflictingRequest', detail: 'used for another request' } as const
    const told = answers(actor.message(lookup.to, { type: 'submitted', id, outcome: other }))
    expect(told).toMatchObject([{ outcome: other }])
    expect(runs(sent)).toMatchObject([{ outcome: { status: 'committed' } }])
  })
})
