import { type Address, address, nodeId, nodeOf } from '@synod/runtime/protocol'
import { type Effects, startActor, type TestActor } from '@synod/runtime/simulation'
import { beforeEach, describe, expect, it } from 'vitest'
import { initialMap } from '../sharding/initial-map.ts'
import { locate } from '../sharding/shard-map.ts'
import type { Submit } from '../transactions/messages.ts'
import type { Operation } from '../transactions/operations.ts'
import { FakeGroups } from './fake-groups.ts'
import type { SessionAnswer, SessionRequest } from './messages.ts'
import { type SessionMessage, session } from './session.ts'
import type { SessionConfig, SessionState } from './state.ts'

const nodes = [nodeId('n1'), nodeId('n2'), nodeId('n3')]
const map = initialMap({ nodes, keyspaces: { kv: { shards: 3, replicas: 3 } } })
const self = address(nodeId('n1'), 'session', 'main')
const service = address(nodeId('n1'), 'orders', 'main')

type Actor = TestActor<SessionState, SessionMessage, SessionConfig>
type Wire = Effects<{ readonly type: string }>['sent'][number]
let actor: Actor
let groups: FakeGroups
beforeEach(() => {
  groups = new FakeGroups(map)
  actor = startActor(session, { map }, {}, { self })
})

const groupOf = (key: string) => locate(map, 'kv', key)?.group ?? ''
/** A key that lies in shard `shard`. */
const keyIn = (shard: number) =>
  Array.from({ length: 200 }, (_, i) => `k${i}`).find(key => groupOf(key) === `kv.${shard}`) ?? ''
const [k0, k1, k2] = [keyIn(0), keyIn(1), keyIn(2)]
const put = (key: string, value = 1): Operation => ({ op: 'put', keyspace: 'kv', key, value })
const transact = (operations: Operation[], more: object = {}): SessionRequest => ({
  type: 'transact',
  operations,
  deadlineMs: 10_000,
  ...more,
})
const sentOf = (effects: Effects) => effects.sent as readonly Wire[]
const submits = (effects: Effects) =>
  sentOf(effects).map(({ to, message }) => ({ to, message: message as Submit }))
const only = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1)
  return list[0] as T
}
const answers = (effects: Effects) => effects.replies.map(reply => reply.result as SessionAnswer)
const member = (node: string, group: string) => address(nodeId(node), 'learner', group)
/** Says `message` as the member a submit was sent to. */
const refuse = (to: Address, submit: Submit, type: 'notLeader', leader: string | null) =>
  actor.message(to, {
    type,
    group: to.split('/')[2] ?? '',
    leader,
    tx: `${submit.id.session}:${submit.id.sequence}`,
    ...(submit.send === undefined ? {} : { send: submit.send }),
  })
/** Lets the fake groups answer everything that was sent, and what that makes the session send, to the end. */
function settleAll(effects: Effects, lost: (wire: Wire) => boolean = () => false): Effects[] {
  const all = [effects]
  for (const step of all) {
    for (const wire of sentOf(step)) {
      if (nodeOf(wire.to) === self.slice(0, 2) && !wire.to.includes('/learner/')) continue
      if (!wire.to.includes('/learner/') || lost(wire)) continue
      all.push(actor.message(wire.to, groups.answer(wire.to, wire.message as Submit)))
    }
  }
  return all
}
const runs = (effects: Effects) => settleAll(effects).flatMap(answers)
/** Ticks until something is sent or answered; the sum of effects. */
function tickUntil(happened: (effects: Effects) => boolean): Effects {
  for (let ticks = 0; ticks < 500; ticks++) {
    const effects = actor.timer('tick')
    if (happened(effects)) return effects
  }
  throw new Error('nothing happened')
}
const anySent = (effects: Effects) => effects.sent.length > 0
const anyReply = (effects: Effects) => effects.replies.length > 0

describe('a transaction', () => {
  it('[EX3] is planned into one share per group, the coordinator first, with an id of its own', () => {
    const { to, message } = only(submits(actor.request(transact([put(k1), put(k0), put(k1, 2)]))))
    expect(to).toBe(member(map.groups['kv.1']?.preferred ?? '', 'kv.1'))
    expect(message).toMatchObject({ type: 'submit', epoch: 1, firstIncomplete: 1, send: 1 })
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
    for (let times = 0; times < 4; times++) {
      const next = only(submits(tickUntil(anySent)))
      expect(next.message.id).toEqual(first.message.id)
      expect(next.message.send).toBe(times + 2)
      targets.push(next.to)
    }
    expect(new Set(targets).size).toBeGreaterThan(1)
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

describe('a stale map', () => {
  const newer = () => {
    const moved = initialMap({
      nodes: [nodeId('n3'), nodeId('n1')],
      keyspaces: { kv: { shards: 2, replicas: 2 } },
    })
    return { ...moved, epoch: 2 }
  }
  const wrongEpoch = (wire: Wire, epoch: number) => {
    const { id, tag, send } = wire.message as unknown as { id?: Submit['id']; tag?: number; send?: number }
    return actor.message(wire.to, {
      type: 'wrongEpoch',
      group: wire.to.split('/')[2] ?? '',
      epoch,
      ...(id === undefined ? {} : { tx: `${id.session}:${id.sequence}` }),
      ...(tag === undefined ? {} : { tag }),
      ...(send === undefined ? {} : { send }),
    })
  }

  it('[EX8] is fetched once, and what it refused is planned again under the same id', () => {
    const first = only(sentOf(actor.request(transact([put(k0), put(k2)]))))
    const read = sentOf(
      actor.request({
        type: 'read',
        keys: [k0, k1].map(key => ({ keyspace: 'kv', key })),
        deadlineMs: 10_000,
      }),
    )
    const fetch = only(sentOf(wrongEpoch(first, 2)))
    expect(fetch).toMatchObject({
      to: member(map.groups.directory?.preferred ?? '', 'directory'),
      message: { type: 'getMap' },
    })
    for (const wire of read) expect(wrongEpoch(wire, 2).sent).toEqual([])
    const answer = {
      type: 'map',
      map: newer(),
      tag: (fetch.message as unknown as { tag: number }).tag,
    } as const
    const effects = actor.message(fetch.to, answer)
    const again = submits(effects).filter(wire => wire.message.type === 'submit')
    expect(only(again).message).toMatchObject({ epoch: 2, id: (first.message as unknown as Submit).id })
    expect(actor.state.map.epoch).toBe(2)
    for (const { operations, group } of only(again).message.shares) {
      for (const { operation } of operations) {
        expect(locate(newer(), 'kv', operation.key)?.group).toBe(group)
      }
    }
    expect(sentOf(effects).some(wire => wire.message.type === 'readKeys')).toBe(true)
    for (const wire of sentOf(effects)) expect(['kv.0', 'kv.1']).toContain(wire.to.split('/')[2])
  })

  it('[EX8] a group that has not taken up the map yet is only asked again', () => {
    const first = only(sentOf(actor.request(transact([put(k0)]))))
    expect(wrongEpoch(first, 0).sent).toEqual([])
    expect(runs(tickUntil(anySent))).toMatchObject([{ outcome: { status: 'committed' } }])
  })
})

describe('reads, scans, bulks and lookups', () => {
  const read = (keys: string[], more: object = {}): SessionRequest => ({
    type: 'read',
    keys: keys.map(key => ({ keyspace: 'kv', key })),
    deadlineMs: 1_000,
    ...more,
  })

  it('[EX9] a read is split by group and joined in the order of its keys', () => {
    groups.put('kv', k1, 'one')
    groups.put('kv', k2, 'two')
    const effects = actor.request(read([k2, k0, k1, k2], { fast: true }))
    expect(sentOf(effects)).toHaveLength(3)
    expect(sentOf(effects)[0]?.message).toMatchObject({ type: 'readKeys', fast: true })
    expect(runs(effects)).toMatchObject([
      {
        type: 'read',
        status: 'ok',
        values: [{ value: 'two' }, { value: null, version: 0 }, { value: 'one' }, { value: 'two' }],
      },
    ])
  })

  it('[EX9] a read without an answer is unavailable at its deadline, and an unknown keyspace is refused', () => {
    actor.request(read([k0, k1]))
    expect(answers(tickUntil(anyReply))).toMatchObject([{ type: 'read', status: 'unavailable' }])
    expect(actor.state.calls.size).toBe(0)
    const elsewhere: SessionRequest = { type: 'read', keys: [{ keyspace: 'x', key: 'y' }], deadlineMs: 1_000 }
    expect(answers(actor.request(elsewhere))).toMatchObject([
      { status: 'refused', detail: expect.stringContaining('kv') },
    ])
  })

  it('[EX9] a scan merges all shards in key order, page by page', () => {
    const keys = Array.from({ length: 25 }, (_, i) => `s${String(i).padStart(2, '0')}`)
    for (const key of keys) groups.put('kv', key, key)
    const scan = (after: string | undefined): SessionRequest => ({
      type: 'scan',
      keyspace: 'kv',
      prefix: 's',
      limit: 10,
      deadlineMs: 1_000,
      ...(after === undefined ? {} : { after }),
    })
    const found: string[] = []
    let more = true
    while (more) {
      const page = only(runs(actor.request(scan(found.at(-1)))))
      if (page.type !== 'scanned' || page.status !== 'ok') return expect.unreachable()
      found.push(...page.entries.map(entry => entry.key))
      more = page.more
    }
    expect(found).toEqual(keys)
  })

  it('[EX9] a scan of one first segment asks one group only', () => {
    const scan: SessionRequest = {
      type: 'scan',
      keyspace: 'kv',
      prefix: `${k1}/a`,
      limit: 10,
      deadlineMs: 1_000,
    }
    expect(only(sentOf(actor.request(scan))).to).toContain('/kv.1')
    expect(sentOf(actor.request({ ...scan, prefix: '' }))).toHaveLength(3)
    expect(answers(actor.request({ ...scan, keyspace: 'x' }))).toMatchObject([
      { type: 'scanned', status: 'refused' },
    ])
  })

  it('[EX11] a bulk goes in chunks, a few of them in flight per group', () => {
    actor.restart({ config: { map, limits: { chunk: 2, window: 2 } } })
    const keys = Array.from({ length: 60 }, (_, i) => `b${i}`)
    const effects = actor.request({ type: 'bulk', operations: keys.map(key => put(key)), deadlineMs: 5_000 })
    expect(sentOf(effects)).toHaveLength(6)
    const steps = settleAll(effects)
    expect(steps.flatMap(answers)).toHaveLength(1)
    expect(answers(steps.at(-1) ?? effects)).toMatchObject([{ type: 'bulkDone', status: 'ok' }])
    for (const key of keys) expect(groups.value('kv', key)).toBe(1)
    expect(groups.executed).toBeGreaterThanOrEqual(30)
  })

  it('[EX11] a bulk that fails says so once and lets go of the rest', () => {
    actor.restart({ config: { map, limits: { chunk: 1, window: 2 } } })
    groups.put('kv', k0, 'text')
    const add = (key: string): Operation => ({ op: 'add', keyspace: 'kv', key, amount: 1, initial: 0 })
    const keys = [k0, k1, k2, ...Array.from({ length: 20 }, (_, i) => `b${i}`)]
    const effects = actor.request({ type: 'bulk', operations: keys.map(add), deadlineMs: 5_000 })
    expect(runs(effects)).toMatchObject([{ type: 'bulkDone', status: 'refused' }])
    expect(actor.state.calls.size).toBe(0)
    actor.request({ type: 'bulk', operations: keys.map(add), deadlineMs: 200 })
    expect(answers(tickUntil(anyReply))).toMatchObject([{ type: 'bulkDone', status: 'unavailable' }])
    expect(actor.state.submits.size).toBe(0)
  })

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
    const nothing = { status: 'unavailable', detail: 'nothing is known' } as const
    const effects = actor.message(lookup.to, { type: 'submitted', id, outcome: nothing })
    expect(answers(effects)).toHaveLength(1)
    expect(runs(sent)).toMatchObject([{ outcome: { status: 'committed' } }])
  })

  it('shows what waits', () => {
    actor.request(transact([put(k0)]))
    actor.request(read([k1]))
    expect(actor.describe()).toMatchObject({ epoch: 1, calls: 2, asks: { transact: 1, read: 1 } })
  })
})
