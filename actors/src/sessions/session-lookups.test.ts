import { beforeEach, describe, expect, it } from 'vitest'
import type { Outcome } from '../transactions/operations.ts'
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

const sentAs = ({ message }: { readonly message: object } = { message: {} }) =>
  message as { readonly type: string; readonly tag: number; readonly send: number }
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

  it('[EX12] an answer ends the lookup that it was asked by, and no later one', () => {
    const id = { session: 'c', sequence: 1 }
    const lookup: SessionRequest = { type: 'lookup', id, keyspace: 'kv', key: k0, deadlineMs: 300 }
    const early = only(sentOf(actor.request(lookup)))
    // It commits elsewhere, and whoever was told so asks here.
    const late = only(sentOf(actor.request(lookup)))
    const told = (of: typeof early, outcome: Outcome) => {
      return answers(actor.message(of.to, { type: 'submitted', id, outcome, tag: sentAs(of).tag }))
    }
    expect(told(early, nothing)).toMatchObject([{ outcome: nothing }])
    expect(told(early, nothing)).toEqual([])
    const committed = { status: 'committed', results: [] } as const
    expect(told(late, committed)).toMatchObject([{ outcome: committed }])
    expect(actor.state.calls.size).toBe(0)
  })

  it('[EX12] a lookup of what was tried here in vain asks the group: an earlier try may have committed', () => {
    const id = { session: 'c', sequence: 1 }
    const [tried] = sentOf(actor.request(transact([put(k0)], { id, deadlineMs: 200 })))
    const lookup: SessionRequest = { type: 'lookup', id, keyspace: 'kv', key: k0, deadlineMs: 10_000 }
    expect(actor.request(lookup).sent).toEqual([])
    const { send } = sentAs(tried)
    const group = 'kv.0'
    const notLeader = { type: 'notLeader', group, leader: null, tx: 'c:1', send } as const
    actor.message(tried?.to ?? self, notLeader)
    const asksGroup = (sent: ReturnType<typeof sentOf>) => sent.some(one => sentAs(one).type === 'lookup')
    expect(asksGroup(sentOf(tickUntil(effects => asksGroup(sentOf(effects)))))).toBe(true)
  })

  it('[EX12] neither too much load nor a node that was not asked answers a lookup', () => {
    const id = { session: 'client', sequence: 3 }
    const lookup = only(
      sentOf(actor.request({ type: 'lookup', id, keyspace: 'kv', key: k0, deadlineMs: 300 })),
    )
    const { to } = lookup
    const overloaded = { status: 'overloaded', detail: 'too much waits' } as const
    const { tag } = sentAs(lookup)
    expect(actor.message(to, { type: 'submitted', id, outcome: overloaded, tag }).replies).toEqual([])
    const other = member(to.startsWith('n2/') ? 'n3' : 'n2', 'kv.0')
    expect(actor.message(other, { type: 'submitted', id, outcome: nothing, tag }).replies).toEqual([])
    expect(answers(actor.message(to, { type: 'submitted', id, outcome: nothing, tag }))).toHaveLength(1)
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
    const { tag } = sentAs(lookup)
    const effects = actor.message(lookup.to, { type: 'submitted', id, outcome: nothing, tag })
    expect(answers(effects)).toHaveLength(1)
    expect(runs(sent)).toMatchObject([{ outcome: { status: 'committed' } }])
  })

  it('[EX12] what a lookup of another request is told is not the answer to the request under its id', () => {
    const id = { session: 'client', sequence: 3 }
    const where = { id, keyspace: 'kv', key: k0, deadlineMs: 300 }
    const lookup = only(sentOf(actor.request({ type: 'lookup', ...where, fingerprint: 'g' })))
    const sent = actor.request(transact([put(k0)], { id, fingerprint: 'f' }))
    const other = { status: 'conflictingRequest', detail: 'used for another request' } as const
    const { tag } = sentAs(lookup)
    const told = answers(actor.message(lookup.to, { type: 'submitted', id, outcome: other, tag }))
    expect(told).toMatchObject([{ outcome: other }])
    expect(runs(sent)).toMatchObject([{ outcome: { status: 'committed' } }])
  })
})
