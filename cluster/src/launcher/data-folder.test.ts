import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadClusterConfig } from '../config/config.ts'
import { ownerOf, refuseStrangers, settleLayout } from './data-folder.ts'

let data = ''
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'synod-folder-'))
})
afterEach(() => rmSync(data, { recursive: true }))

function config(text: string, nodes = 3) {
  writeFileSync(join(data, 'cluster.yaml'), text)
  return loadClusterConfig('cluster.yaml', { nodes, data }, data)
}
const settle = (text: string, nodes?: number) => settleLayout(data, config(text, nodes))
const layoutFile = () => readFileSync(join(data, 'layout.json'), 'utf8')

describe('a configuration file that leaves groups to the defaults', () => {
  test('goes on with those of the folder', () => {
    const made = settle('keyspaces: { payment: { groups: 1 }, kv: { groups: 3 } }')
    expect(settle('deadlineMs: 5000')).toEqual(made)
    expect(settle('keyspaces: { kv: { shards: 3 } }')).toEqual(made)
    expect(settle('keyspaces: { payment: { replicas: 3 } }')).toEqual(made)
  })

  test('goes on with replicas that were those of the host', () => {
    const made = settle('keyspaces: { orders: { replicas: 1 } }')
    expect(made.keyspaces.payment).toMatchObject({ groups: 'orders', replicas: 1 })
    expect(settle('keyspaces: { orders: { replicas: 1 }, kv: {} }')).toEqual(made)
  })

  test('goes on with a folder from before shards could share a group', () => {
    settle('')
    const old = JSON.parse(layoutFile()) as { keyspaces: Record<string, { groups?: unknown }> }
    for (const keyspace of Object.values(old.keyspaces)) delete keyspace.groups
    writeFileSync(join(data, 'layout.json'), JSON.stringify(old))
    const { keyspaces } = settle('deadlineMs: 5000')
    expect(Object.values(keyspaces).map(({ groups }) => groups)).toEqual([3, 3, 3, 3])
  })
})

describe('a configuration that does not fit its folder', () => {
  const rest = 'or else another --data, or --fresh, which deletes the data'

  test.each([
    [
      'keyspaces: { payment: { groups: 1 } }',
      'keyspaces: { payment: { groups: orders } }',
      'with other settings; give keyspaces: { payment: { groups: 1 } } in the configuration',
    ],
    [
      'keyspaces: { books: { shards: 6 }, kv: { groups: 3 } }',
      'keyspaces: { books: {}, kv: { groups: 1 } }',
      'with other settings; give keyspaces: { kv: { groups: 3 }, books: { shards: 6 } } in the configuration',
    ],
    [
      'keyspaces: { books: { replicas: 1 } }',
      '',
      'with other settings; give keyspaces: { books: { shards: 3, replicas: 1, replication: paxos, partition: hash, concurrency: 2pl, groups: 3 } } in the configuration',
    ],
    ['', 'keyspaces: { books: {} }', 'without keyspace books; leave it out'],
    ['cluster: a', 'cluster: b', 'for cluster a, not b; give the same'],
  ])('%s, then %s', (made, asked, misfit) => {
    settle(made)
    const before = layoutFile()
    expect(() => settle(asked)).toThrow(`${data} was made ${misfit}, ${rest}`)
    expect(layoutFile()).toBe(before)
  })

  test('is told the number of nodes first', () => {
    settle('', 1)
    expect(() => settle('')).toThrow(`${data} was made with 1 nodes, not 3; give the same, ${rest}`)
  })

  test('fits with what it was told to give', () => {
    const made = settle('keyspaces: { payment: { groups: 1 } }')
    expect(() => settle('keyspaces: { payment: { groups: 2 } }')).toThrow('{ payment: { groups: 1 } }')
    expect(settle('keyspaces: { payment: { groups: 1 } }')).toEqual(made)
  })
})

test('a file that was not written to its end is not taken for one of somebody else', () => {
  writeFileSync(join(data, 'launcher.lock.123'), '')
  expect(() => refuseStrangers(data)).not.toThrow()
  writeFileSync(join(data, 'thesis.123'), '')
  expect(() => refuseStrangers(data)).toThrow('it holds thesis.123')
})

test('the owner of a file is told by name where there is one', () => {
  const users = join(data, 'passwd')
  const own = String(process.getuid?.())
  writeFileSync(users, `other:x:${own}1:0::/:/bin/sh\nada:x:${own}:0::/:/bin/sh\n`)
  expect(ownerOf(data, users)).toBe('ada')
  expect(ownerOf(data, join(data, 'none'))).toBe(`user ${own}`)
})
