import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { promises } from './choices.ts'
import { joinEndpoint, loadClusterConfig, loadNodeConfig, splitEndpoint } from './config.ts'
import { ConfigError, parseYaml } from './parse.ts'
import { nodeSchema } from './schema.ts'

const folder = mkdtempSync(join(tmpdir(), 'synod-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}
write('secret', 'a-secret-of-enough-length\n')
write('short', 'no')

function problems(load: () => unknown): readonly string[] {
  try {
    load()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a cluster configuration', () => {
  test('has defaults: three nodes, the shop and kv on three replicas each', () => {
    const config = loadClusterConfig(undefined, {}, '/base')
    expect(config).toMatchObject({
      nodes: 3,
      port: 8000,
      host: '127.0.0.1',
      data: '/base/.synod',
      faults: false,
    })
    expect(Object.keys(config.keyspaces)).toEqual(['orders', 'stock', 'payment', 'kv'])
    expect(config.keyspaces.orders).toEqual({
      shards: 3,
      groups: 1,
      replicas: 3,
      replication: 'paxos',
      partition: 'hash',
      concurrency: '2pl',
    })
    expect(config.transactions).toEqual({ commit: '2pc-escrow', isolation: 'serializable' })
  })

  test('has one replica by default when there is one node', () => {
    expect(loadClusterConfig(undefined, { nodes: 1 }, folder).keyspaces.kv?.replicas).toBe(1)
  })

  test('makes as few groups as keep every node equally busy, or as many as it is told', () => {
    const groups = (text: string) => {
      const { keyspaces } = loadClusterConfig(write('groups.yaml', text), {}, folder)
      return [keyspaces.kv?.groups, keyspaces.books?.groups]
    }
    expect(groups('nodes: 3\nkeyspaces: { books: { shards: 6, groups: 2 } }')).toEqual([1, 2])
    expect(groups('nodes: 3\nkeyspaces: { books: { replicas: 1 } }')).toEqual([1, 3])
    expect(groups('nodes: 5\nkeyspaces: { books: { shards: 9 } }')).toEqual([3, 5])
    expect(groups('nodes: 5\nkeyspaces: { books: { replicas: 5 } }')).toEqual([3, 1])
    expect(groups('nodes: 3\nkeyspaces: { books: { groups: kv } }')).toEqual([1, 'kv'])
    const payment = (text: string) =>
      loadClusterConfig(write('groups.yaml', text), {}, folder).keyspaces.payment?.groups
    expect(payment('nodes: 3')).toBe('orders')
    expect(payment('nodes: 3\nkeyspaces: { payment: { shards: 5 }, orders: { replicas: 1 } }')).toBe('orders')
    expect(payment('nodes: 3\nkeyspaces: { payment: { groups: 2 } }')).toBe(2)
    expect(payment('nodes: 3\nkeyspaces: { payment: { replicas: 1 } }')).toBe(3)
    expect(payment('nodes: 3\nkeyspaces: { payment: { replicas: 3 } }')).toBe('orders')
    expect(payment('nodes: 3\nkeyspaces: { payment: { replicas: 3 }, orders: { replicas: 1 } }')).toBe(1)
    expect(payment('nodes: 5\nkeyspaces: { payment: { groups: orders, replicas: 3 } }')).toBe('orders')
    expect(payment('nodes: 3\nkeyspaces: { stock: { groups: payment }, payment: { groups: 1 } }')).toBe(1)
    expect(payment('nodes: 3\nkeyspaces: { orders: { groups: stock } }')).toBe(1)
    expect(payment('nodes: 3\nkeyspaces: { orders: { groups: payment } }')).toBe(1)
  })

  test('tells what of a keyspace was left to the defaults', () => {
    const text =
      'keyspaces: { payment: { groups: 1 }, kv: { replicas: 1 }, books: { groups: kv, replicas: 1 } }'
    expect(loadClusterConfig(write('unsaid.yaml', text), {}, folder).unsaid).toEqual({
      orders: ['groups', 'replicas'],
      stock: ['groups', 'replicas'],
      payment: ['replicas'],
      kv: ['groups'],
      books: [],
    })
  })

  test('flags win over the file, the file over the defaults, and paths are relative to their origin', () => {
    const file = write('flags.yaml', 'port: 9000\nnodes: 5\ndata: here\nkeyspaces:\n  books: { shards: 7 }\n')
    const config = loadClusterConfig(file, { nodes: 3, data: undefined }, folder)
    expect(config).toMatchObject({ nodes: 3, port: 9000, data: join(folder, 'here') })
    expect(config.keyspaces.books).toMatchObject({ shards: 7, replicas: 3 })
    expect(config.keyspaces.kv).toMatchObject({ shards: 3 })
    expect(loadClusterConfig(file, { data: 'there' }, folder).data).toBe(join(folder, 'there'))
  })

  test.each([
    ['prot: 8000', 'bad.yaml:1: unknown key "prot"; did you mean "port"?'],
    [
      'nodes: 3\nkeyspaces:\n  orders:\n    shards: 2\n    replica: 3',
      'bad.yaml:5: unknown key "replica" in keyspaces.orders; did you mean "replicas"?',
    ],
    [
      'limits: { zzzzzz: 1 }',
      'bad.yaml:1: unknown key "zzzzzz" in limits; known: requests, waitMs, mailbox, turnEvents, turnMs',
    ],
    ['nodes: 4', 'bad.yaml:1: nodes: must be 1, 3 or 5'],
    ['nodes: three', 'bad.yaml:1: nodes: must be 1, 3 or 5'],
    ['port: 70000', 'bad.yaml:1: port: must be a whole number from 1 to 65530'],
    ['port: "8000"', 'bad.yaml:1: port: must be a whole number from 1 to 65530'],
    ['\nfaults: maybe', 'bad.yaml:2: faults: must be true or false'],
    [
      'keyspaces:\n  orders: { replication: vr }',
      'bad.yaml:2: keyspaces.orders.replication: replication "vr" is not built yet; what exists: paxos',
    ],
    [
      'keyspaces:\n  orders: { replication: paxso }',
      'bad.yaml:2: keyspaces.orders.replication: unknown replication "paxso"; did you mean "paxos"?',
    ],
    [
      'keyspaces:\n  kv: { concurrency: mvcc }',
      'bad.yaml:2: keyspaces.kv.concurrency: concurrency "mvcc" is not built yet; what exists: 2pl',
    ],
    [
      'transactions:\n  commit: 3pc',
      'bad.yaml:2: transactions.commit: commit "3pc" is not built yet; what exists: 2pc-escrow',
    ],
    [
      'transactions:\n  isolation: snapshot',
      'bad.yaml:2: transactions.isolation: isolation "snapshot" is not built yet; what exists: serializable',
    ],
    [
      'nodes: 1\nkeyspaces:\n  kv: { replicas: 3 }',
      'bad.yaml:3: keyspaces.kv.replicas: 3 replicas need 3 nodes; there are 1',
    ],
    [
      'keyspaces:\n  kv: { groups: order }',
      'bad.yaml:2: keyspaces.kv.groups: there is no keyspace order; did you mean "orders"?',
    ],
    [
      'keyspaces:\n  kv: { groups: kv }',
      'bad.yaml:2: keyspaces.kv.groups: kv has no groups of its own to share',
    ],
    [
      'keyspaces:\n  kv: { groups: orders, replicas: 1 }',
      'bad.yaml:2: keyspaces.kv.groups: the groups of orders have 3 replicas, not 1',
    ],
    [
      'keyspaces:\n  stock: { groups: payment }',
      'bad.yaml:2: keyspaces.stock.groups: payment shares the groups of orders: name orders, or give payment: { groups: 1 }',
    ],
    [
      'keyspaces:\n  orders: { groups: payment }\n  payment: { groups: orders }',
      'bad.yaml:2: keyspaces.orders.groups: payment shares the groups of orders: give payment: { groups: 1 }',
    ],
    [
      'keyspaces:\n  kv: { groups: 0 }',
      'bad.yaml:2: keyspaces.kv.groups: must be a whole number from 1 to 256',
    ],
    [
      'keyspaces:\n  kv: { shards: 2, groups: 3 }',
      'bad.yaml:2: keyspaces.kv.groups: 3 groups need 3 shards; there are 2',
    ],
    [
      'keyspaces:\n  kv: { replicas: 2 }',
      'bad.yaml:2: keyspaces.kv.replicas: must be odd: 2 survive no more losses than 1',
    ],
    [
      'keyspaces:\n  My Space: {}',
      "bad.yaml:2: keyspaces.My Space: a keyspace's name must be 1 to 31 lower-case letters, digits or '-', starting with a letter",
    ],
    ['keyspaces: 7', 'bad.yaml:1: keyspaces: must be a map of names to settings'],
    ['- 1', 'bad.yaml: the configuration: must be a map of settings'],
    ['nodes: 3\nnodes: 5', 'bad.yaml:2: not YAML: Map keys must be unique'],
    ['deadlineMs: 5', 'bad.yaml:1: deadlineMs: must be a whole number from 100 to 600000'],
  ])('refuses %j', (source, message) => {
    const file = write('bad.yaml', source)
    expect(problems(() => loadClusterConfig(file, {}, folder))).toEqual([message])
  })

  test.each([
    ['none', ': there is no such file'],
    ['short/of', ': there is no such file'],
    ['.', ': it is a folder'],
    ['short', ' must hold at least 16 characters (try: openssl rand -hex 32)'],
  ])('says where a file of tokens is named that cannot be used: %s', (tokenFile, why) => {
    const file = write('bad.yaml', `nodes: 3\naccess:\n  tokenFile: ${tokenFile}\n`)
    const named = `bad.yaml:3: access.tokenFile: ${resolve(folder, tokenFile)}`
    expect(problems(() => loadClusterConfig(file, {}, folder))).toEqual([named + why])
  })

  test('says every problem at once', () => {
    const file = write('bad.yaml', 'nodes: 2\nhots: x\nport: -1\n')
    expect(problems(() => loadClusterConfig(file, {}, folder))).toHaveLength(3)
  })

  test('refuses flags by their name', () => {
    expect(problems(() => loadClusterConfig(undefined, { port: 99_999 }, folder))).toEqual([
      '--port: must be a whole number from 1 to 65530',
    ])
    expect(problems(() => loadClusterConfig('none.yaml', {}, folder))).toEqual([
      'none.yaml: there is no such file',
    ])
  })
})

describe('a node configuration', () => {
  const members = 'members: { n1: "10.0.0.1:8001", n2: "10.0.0.2:8001", n3: "[::1]:8003" }'
  const good = `cluster: shop\nnode: n3\ndata: d\nsecretFile: secret\n${members}\n`

  test('is read with its secret and members; it listens at its own address unless told otherwise', () => {
    const config = loadNodeConfig(write('node.yaml', good), folder)
    expect(config).toMatchObject({
      cluster: 'shop',
      node: 'n3',
      listen: { host: '::1', port: 8003 },
      data: join(folder, 'd'),
      secret: 'a-secret-of-enough-length',
    })
    expect(config.members.map(member => member.id)).toEqual(['n1', 'n2', 'n3'])
    expect(loadNodeConfig(write('node.yaml', `${good}listen: 0.0.0.0:80`), folder).listen).toEqual({
      host: '0.0.0.0',
      port: 80,
    })
  })

  test.each([
    [good.replace('node: n3', 'node: n9'), 'bad.yaml:2: node: "n9" is not among the members n1, n2, n3'],
    [
      good.replace('secretFile: secret', 'secretFile: short'),
      `bad.yaml:4: secretFile: ${folder}/short must hold at least 16 characters (try: openssl rand -hex 32)`,
    ],
    [
      good.replace('"10.0.0.1:8001"', 'x'),
      'bad.yaml:5: members.n1: must be host:port, for instance 10.0.0.1:8001',
    ],
    [good.replace(', n3: "[::1]:8003"', ''), 'bad.yaml:5: members: must name 1, 3, 5 or 7 nodes'],
    [good.replace('cluster: shop\n', ''), 'bad.yaml: cluster: must be a name'],
  ])('refuses what cannot work: %#', (source, message) => {
    expect(problems(() => loadNodeConfig(write('bad.yaml', source), folder))).toEqual([message])
  })
})

test('the files in docs/configuration.md are valid, and the first says the defaults', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8')
  const [first = '', groups = '', node = ''] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, text]) => text,
  )
  const { unsaid: _, ...defaults } = loadClusterConfig(undefined, {}, folder)
  const said = loadClusterConfig(write('first.yaml', first), {}, folder)
  expect(said).toMatchObject({ ...defaults, cluster: 'shop' })
  expect(Object.keys(said.keyspaces)).toEqual([...Object.keys(defaults.keyspaces), 'books'])
  expect(loadClusterConfig(write('groups.yaml', groups), {}, folder).keyspaces).toMatchObject({
    stock: { groups: 'orders' },
    payment: { groups: 1 },
  })
  expect(parseYaml(nodeSchema, node, 'node.yaml').value).toMatchObject({ node: 'n1', listen: '0.0.0.0:8001' })
})

test('an endpoint splits and joins', () => {
  for (const endpoint of ['10.0.0.1:8001', '[::1]:80', 'host:1']) {
    const { host, port } = splitEndpoint(endpoint)
    expect(joinEndpoint(host, port)).toBe(endpoint)
  }
})

test('the table of promises has one default per layer, and it is what a configuration defaults to', () => {
  const defaults = promises().filter(row => row.default)
  expect(defaults.map(row => [row.layer, row.choice])).toEqual([
    ['replication', 'paxos'],
    ['partition', 'hash'],
    ['concurrency', '2pl'],
    ['commit', '2pc-escrow'],
    ['isolation', 'serializable'],
  ])
})
