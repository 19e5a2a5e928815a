import { nodeId } from '@synod/runtime/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { initialMap } from '../sharding/initial-map.ts'
import { locate } from '../sharding/shard-map.ts'
import type { Submit } from '../transactions/messages.ts'
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
  k2,
  map,
  member,
  only,
  put,
  runs,
  sentOf,
  settleAll,
  submits,
  tickUntil,
  transact,
  type Wire,
} from './session.fixture.ts'

beforeEach(afresh)

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

describe('reads, scans and bulks', () => {
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

  it("[EX15] an answer to what an earlier life asked is nobody's", () => {
    const read: SessionRequest = { type: 'read', keys: [{ keyspace: 'kv', key: k0 }], deadlineMs: 10_000 }
    const asked = only(sentOf(actor.request(read)))
    const old = groups.answer(asked.to, asked.message as Submit)
    runs(actor.request(transact([put(k0, 5)])))
    actor.restart()
    const again = only(sentOf(actor.request(read)))
    // From a node that was paused since.
    expect(answers(actor.message(asked.to, old))).toEqual([])
    expect(answers(actor.message(again.to, groups.answer(again.to, again.message as Submit)))).toMatchObject([
      { type: 'read', status: 'ok', values: [{ value: 5 }] },
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

  it('shows what waits', () => {
    actor.request(transact([put(k0)]))
    actor.request(read([k1]))
    expect(actor.describe()).toMatchObject({ epoch: 1, calls: 2, asks: { transact: 1, read: 1 } })
  })
})
