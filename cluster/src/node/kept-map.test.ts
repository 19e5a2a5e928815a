import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { mapOf } from './host.ts'
import { keepMap } from './kept-map.ts'

let data = ''
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'synod-map-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const settings = (shards: number, replicas = 3, groups = shards) => ({
  shards,
  groups,
  replicas,
  replication: 'paxos',
  partition: 'hash',
  concurrency: '2pl',
})
const members = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ id: `n${at + 1}`, host: '127.0.0.1', port: 8001 + at }))
const map = (nodes: number, keyspaces: Parameters<typeof mapOf>[0]['keyspaces']) =>
  mapOf({ members: members(nodes), keyspaces })

test('the same configuration fits again, wherever the nodes listen', () => {
  keepMap(data, map(3, { kv: settings(3) }))
  expect(() => keepMap(data, map(3, { kv: settings(3) }))).not.toThrow()
})

test.each([
  ['another number of shards', map(3, { kv: settings(4) }), 'was made with 3 shards of keyspace kv, not 4'],
  [
    'one keyspace more',
    map(3, { kv: settings(3), a: settings(1) }),
    'was made with 0 shards of keyspace a, not 1',
  ],
  ['one keyspace less', map(3, {}), 'was made with 3 shards of keyspace kv, not 0'],
  [
    'other members',
    map(5, { kv: settings(3) }),
    'was made with group kv.1 on n2, n3, n1, not with group kv.1 on n2, n3, n4',
  ],
  [
    'fewer replicas',
    map(3, { kv: settings(3, 1) }),
    'was made with group kv.0 on n1, n2, n3, not with group kv.0 on n1;',
  ],
  [
    'fewer groups',
    map(3, { kv: settings(3, 3, 1) }),
    'was made with group kv.1 on n2, n3, n1, not without group kv.1',
  ],
])('%s is refused', (_what, asked, message) => {
  keepMap(data, map(3, { kv: settings(3) }))
  expect(() => keepMap(data, asked)).toThrow(message)
})
