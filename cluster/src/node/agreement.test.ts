import { termsFit } from '@synod/runtime/host'
import { nodeId } from '@synod/runtime/protocol'
import { expect, test } from 'vitest'
import { agreementOf } from './agreement.ts'
import { mapOf } from './host.ts'
import { settings } from './keyspace-settings.fixture.ts'

type Keyspaces = Parameters<typeof mapOf>[0]['keyspaces']

function agreement(node: string, keyspaces: Keyspaces, ids: readonly string[] = ['n1', 'n2', 'n3']) {
  const members = ids.map((id, at) => ({ id, host: '127.0.0.1', port: 8001 + at }))
  return agreementOf(node, ids, mapOf({ members, keyspaces }))
}

const usual: Keyspaces = { kv: settings(3), books: settings(2, 3, 1) }
const many = (shards: number): Keyspaces =>
  Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`keyspace${at}`, settings(shards)]))

test('nodes with the same configuration agree', () => {
  expect(agreement('n1', usual).differs(nodeId('n2'), agreement('n2', usual).terms)).toBeUndefined()
  const same = agreement('n2', many(3)).terms
  expect(termsFit(same)).toBe(true)
  expect(agreement('n1', many(3)).differs(nodeId('n2'), same)).toBeUndefined()
})

const inOrder = 'give both nodes the same keyspaces, in the same order'
test.each<[string, Keyspaces, readonly string[] | undefined, string]>([
  [
    'another number of shards',
    { ...usual, kv: settings(4, 3, 3) },
    undefined,
    'give both nodes the same keyspaces: n1 has kv: { shards: 3 }, n2 kv: { shards: 4 }',
  ],
  [
    'the groups of another keyspace',
    { ...usual, books: settings(2, 3, 'kv') },
    undefined,
    'give both nodes the same keyspaces: n1 has books: { groups: 1 }, n2 books: { groups: kv }',
  ],
  ['a keyspace less', { kv: settings(3) }, undefined, 'give both nodes the same keyspaces: n2 has no books'],
  [
    'a keyspace more',
    { ...usual, more: settings(1) },
    undefined,
    'give both nodes the same keyspaces: n1 has no more',
  ],
  ['another order of keyspaces', { books: settings(2, 3, 1), kv: settings(3) }, undefined, inOrder],
  [
    'another order of members',
    usual,
    ['n2', 'n1', 'n3'],
    'give both nodes the same members, in the same order: n1 has n1 n2 n3, n2 n2 n1 n3',
  ],
  ['more keyspaces than can be told', many(4), undefined, inOrder],
])('%s is a disagreement, and both say what differs', (_what, keyspaces, ids, expected) => {
  const [here, there] = [agreement('n1', usual), agreement('n2', keyspaces, ids)]
  expect(here.differs(nodeId('n2'), there.terms)).toBe(expected)
  expect(there.differs(nodeId('n1'), here.terms)).toContain('give both nodes the same ')
})

test.each(['', 'null', '7', '{}', '{"digest":7,"keyspaces":7}', '{"digest":"x","keyspaces":{"kv":null}}'])(
  'terms %j, of a release that has others, are a disagreement',
  theirs => {
    expect(agreement('n1', usual).differs(nodeId('n2'), theirs)).toContain('give both nodes the same ')
  },
)
