/** Whose map is believed, and what waits for one. */
import { nodeId } from '@synod/runtime/protocol'
import { beforeEach, expect, it } from 'vitest'
import { initialMap } from '../sharding/initial-map.ts'
import { locate, type ShardMap } from '../sharding/shard-map.ts'
import {
  actor,
  afresh,
  answers,
  anySent,
  k0,
  map,
  only,
  put,
  runs,
  sentOf,
  submits,
  tickUntil,
  transact,
  type Wire,
} from './session.fixture.ts'

beforeEach(afresh)

const newer: ShardMap = {
  ...initialMap({ nodes: [nodeId('n3'), nodeId('n1')], keyspaces: { kv: { shards: 2, replicas: 2 } } }),
  epoch: 2,
}
const id = { session: 'client', sequence: 3 }
const tx = `${id.session}:${id.sequence}`

/** What was sent is refused by a group of epoch 2; the session fetches the map. */
function fetchAfter({ to, message }: Wire): { readonly to: Wire['to']; readonly tag: number } {
  const { send, tag } = message as { send?: number; tag?: number }
  const echo = { ...(send === undefined ? {} : { send }), ...(tag === undefined ? {} : { tag }) }
  const group = to.split('/')[2] ?? ''
  const fetch = only(sentOf(actor.message(to, { type: 'wrongEpoch', group, epoch: 2, tx, ...echo })))
  expect(fetch.message.type).toBe('getMap')
  return { to: fetch.to, tag: (fetch.message as unknown as { tag: number }).tag }
}

it('[EX8] an older map replaces nothing, and what waits for a newer one waits on', () => {
  const { to, tag } = fetchAfter(only(sentOf(actor.request(transact([put(k0)], { id })))))
  const older = actor.message(to, { type: 'map', map: { ...newer, epoch: 0 }, tag })
  expect([older.sent, older.replies]).toEqual([[], []])
  expect(actor.state.map).toEqual(map)
  expect(runs(tickUntil(anySent))).toMatchObject([{ outcome: { status: 'committed' } }])
})

it('[EX15] a map that was asked for before is not the answer to what is asked now', () => {
  const { to, tag } = fetchAfter(only(sentOf(actor.request(transact([put(k0)], { id })))))
  expect(actor.message(to, { type: 'map', map: newer, tag: tag - 1 }).sent).toEqual([])
  expect(actor.state.map).toEqual(map)
  expect(actor.state.firstTag + (actor.state.mapCall ?? 0)).toBe(tag)
  expect(only(submits(actor.message(to, { type: 'map', map: newer, tag }))).message.epoch).toBe(2)
  expect(actor.state.mapCall).toBeUndefined()
})

it('[EX8, EX12] a lookup by an old map is planned again by the new one', () => {
  const request = { type: 'lookup', id, keyspace: 'kv', key: k0, deadlineMs: 10_000 } as const
  const { to, tag } = fetchAfter(only(sentOf(actor.request(request))))
  const again = only(sentOf(actor.message(to, { type: 'map', map: newer, tag })))
  const message = again.message as { readonly type: string; readonly tag: number }
  expect(message).toEqual({ type: 'lookup', id, tag: message.tag })
  expect(again.to.split('/')[2]).toBe(locate(newer, 'kv', k0)?.group)
  const outcome = { status: 'unavailable', detail: 'nothing is known' } as const
  expect(
    answers(actor.message(again.to, { type: 'submitted', id, outcome, tag: message.tag })),
  ).toMatchObject([{ outcome }])
})
