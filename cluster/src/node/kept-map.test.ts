import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { mapOf } from './host.ts'
import { keepMap } from './kept-map.ts'
import { settings } from './keyspace-settings.fixture.ts'

let data = ''
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'synod-map-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const members = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ id: `n${at + 1}`, host: '127.0.0.1', port: 8001 + at }))
const map = (nodes: number, keyspaces: Parameters<typeof mapOf>[0]['keyspaces']) =>
  mapOf({ members: members(nodes), keyspaces })

test('the same configuration fits again, wherever the nodes listen', () => {
  keepMap(data, map(3, { kv: settings(3) }))
  expect(() => keepMap(data, map(3, { kv: settings(3) }))).not.toThrow()
})

test.each([
  ['another number of shards', map(3, { kv: settings(4) }), settingsOf('{ shards: 3, groups: 3 }')],
  ['one keyspace more', map(3, { kv: settings(3), a: settings(1) }), 'without keyspace a; leave it out'],
  ['one keyspace less', map(3, {}), settingsOf('{ shards: 3, groups: 3, replicas: 3 }')],
  [
    'another number of nodes',
    map(5, { kv: settings(3) }),
    'with groups on n1, n2, n3, not on n1, n2, n3, n4, n5;',
  ],
  ['fewer replicas', map(3, { kv: settings(3, 1) }), settingsOf('{ replicas: 3 }')],
  ['fewer groups', map(3, { kv: settings(3, 3, 1) }), settingsOf('{ groups: 3 }')],
])('%s is refused', (_what, asked, message) => {
  keepMap(data, map(3, { kv: settings(3) }))
  expect(() => keepMap(data, asked)).toThrow(`the data in ${data} was made ${message}`)
})

function settingsOf(kv: string): string {
  return `with other settings; give keyspaces: { kv: ${kv} } in the configuration of every node, or other data`
}

const hosts = { orders: settings(3, 3, 1), stock: settings(3, 3, 1) }
const books = (groups: number | string) => map(3, { ...hosts, books: settings(3, 3, groups) })

test.each([
  ['orders', 'stock'],
  ['orders', 1],
  [1, 'orders'],
  [3, 1],
])('keys that lie in the groups of %s do not move to those of %s', (made, asked) => {
  keepMap(data, books(made))
  expect(() => keepMap(data, books(asked))).toThrow(`give keyspaces: { books: { groups: ${made} } } in the`)
  expect(() => keepMap(data, books(made))).not.toThrow()
})

test('what the settings do not explain is refused too: an order of keyspaces, a shard elsewhere', () => {
  const { orders, stock } = hosts
  keepMap(data, map(3, { orders, stock }))
  expect(() => keepMap(data, map(3, { stock, orders }))).toThrow(
    'was made with group orders.0 on n1, n2, n3, not on n2, n3, n1; give the same configuration, or other data',
  )
  const other = structuredClone(map(3, { orders, stock }))
  Object.assign(other.keyspaces.orders?.shards[1] ?? {}, { group: 'stock.0' })
  expect(() => keepMap(data, other)).toThrow(
    'with shard orders.1 in orders.0, 1431655765 to 2863311530, not in stock.0, 1431655765 to 2863311530;',
  )
})
