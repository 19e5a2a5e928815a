/** What is asked for and is not there: said with what there is, by nodes that answer what the test says. */
import { initialMap } from '@synod/actors'
import { nodeId } from '@synod/runtime/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cluster, fakeNode } from './program.fixture.ts'

const keyspaces = { kv: { shards: 2, replicas: 1 }, orders: { shards: 1, replicas: 1 } }
const initial = initialMap({ nodes: [nodeId('n1')], keyspaces, directoryReplicas: 1 })
/** As where `payment` has no groups of its own. */
const map = {
  ...initial,
  keyspaces: { ...initial.keyspaces, payment: initial.keyspaces[Object.keys(keyspaces)[1] ?? ''] },
}
const actor = (id: string) => ({ id, type: id.split('/')[0], status: 'running' })

let node: Awaited<ReturnType<typeof fakeNode>>
beforeAll(async () => {
  node = await fakeNode({
    'GET /admin/map': map,
    'GET /admin/groups': [{ group: 'kv.0', node: 'n1', role: 'leader', chosen: 1, applied: 1 }],
    'GET /admin/log/kv.0': { base: 0, chosen: 1, slots: [] },
    'POST /kv/kv/there/cas': { swapped: false },
    'POST /kv/kv/missing/cas': { swapped: false },
    'GET /kv/kv/there': { value: 5, version: 1 },
    'PUT /kv/kv/leaderless': {
      type: 'urn:synod:problem:unavailable',
      status: 503,
      detail: 'kv.0 has no leader at the moment',
    },
    'GET /admin/actors': ['learner/kv.0', 'acceptor/kv.0', 'session/main'].map(actor),
  })
})
afterAll(() => node.close())

const groups = 'there is no group payment.0; there are directory, kv.0, kv.1, orders.0'
test.each([
  ['log', 'payment.0'],
  ['log', 'payment.0', '--node', 'n1'],
  ['txns', 'payment.0'],
  ['inspect', 'n1/acceptor/payment.0'],
])('%s %s: there is no such group, and its keyspace lies on others', async (...argv) => {
  expect(await cluster(...argv, '--url', node.url)).toEqual({
    code: 2,
    out: '',
    err: `${groups}; the shards of payment lie on orders.0`,
  })
})

const noNode = 'there is no node n9; there are n1'
test.each<[string[], number, string]>([
  [['log', 'kw.0'], 2, groups.replace('payment', 'kw')],
  [['log', 'kv.1'], 1, 'GET /admin/log/kv.1 is not here'],
  [['log', 'kv.0', '--from', '100', '--to', '1'], 2, '--from 100 is after --to 1'],
  [['txns', 'directory'], 2, 'the directory takes no transactions'],
  [['actors', '--node', 'n9'], 2, noNode],
  [['actors', '--type', 'lerner'], 2, 'there are no actors of type "lerner"; did you mean "learner"?'],
  [
    ['actors', '--type', 'nonsense'],
    2,
    'there are no actors of type "nonsense"; known: learner, acceptor, session',
  ],
  [['inspect', 'n1/lerner/kv.0'], 2, 'there are no actors of type "lerner"; did you mean "learner"?'],
  [['inspect', 'n1/session/other'], 2, 'n1 has no session called "other"; known: main'],
  [['inspect', 'n1/learner/kv.1'], 2, 'n1 has no learner called "kv.1"; did you mean "kv.0"?'],
  [['inspect', 'n1/session/main'], 1, 'GET /admin/inspect/session/main is not here'],
  [['inspect', 'n9/session/main'], 2, noNode],
  [['log', 'kv.0', '--node', 'n9'], 2, noNode],
  [['log', 'kw.0', '--node', 'n9'], 2, noNode],
  [['events', '--node', 'n9'], 2, noNode],
])('%j', async (argv, code, err) => {
  expect(await cluster(...argv, '--url', node.url)).toEqual({ code, out: '', err })
})

test.each([
  ['log', 'kv.0', '--limit', '0', "'--limit <n>' argument '0' is invalid. It must be from 1 to 1000."],
  ['events', '--limit', '0', "'--limit <n>' argument '0' is invalid. It must be from 1 to 1000."],
  ['log', 'kv.0', '--from', '0', "'--from <slot>' argument '0' is invalid. It must be 1 or more."],
])('%s %s: out of bounds', async (...argv) => {
  const err = argv.pop() ?? ''
  expect(await cluster(...argv, '--url', node.url)).toMatchObject({
    code: 2,
    err: expect.stringContaining(err),
  })
})

test('actors of one type, and of one node', async () => {
  const { code, out } = await cluster('actors', '--node', 'n1', '--type', 'learner', '--url', node.url)
  expect({ code, lines: out.trim().split('\n').length }).toEqual({ code: 0, lines: 2 })
  expect(out).toContain('n1/learner/kv.0')
})

test.each([
  ['missing', 'it does not exist'],
  ['there', 'it holds something else'],
])('kv cas that does not swap says why: %s', async (key, why) => {
  expect(await cluster('kv', 'cas', key, '1', '2', '--url', node.url)).toEqual({
    code: 1,
    out: `not swapped: ${why}\n`,
    err: '',
  })
})

test.each([
  ['kill', 'n9'],
  ['pause', 'n9'],
  ['resume', 'n9'],
  ['restart', 'n9'],
  ['partition', 'n1|n9'],
  ['drop', '--from', 'n9'],
  ['delay', '5', '--to', 'n9'],
])('fault %s %s: a node that is not there is wrong usage, whatever else is in the way', async (...argv) => {
  // A launcher without --faults: it has no /api/faults.
  const base = await fakeNode({ 'GET /api/cluster': { nodes: [{ id: 'n1', url: node.url }] } })
  expect(await cluster('fault', ...argv, '--url', base.url)).toEqual({ code: 2, out: '', err: noNode })
  expect(await cluster('fault', 'kill', 'n1', '--url', base.url)).toMatchObject({ code: 1 })
  expect(base.asked.filter(one => one.startsWith('POST'))).toEqual(['POST /api/faults'])
  base.close()
})

describe('a node that the launcher knows to be paused', () => {
  let paused: Awaited<ReturnType<typeof fakeNode>>
  let base: Awaited<ReturnType<typeof fakeNode>>
  beforeAll(async () => {
    paused = await fakeNode({})
    const nodes = [
      { id: 'n2', url: paused.url, state: 'paused', pid: 2, restarts: 0, detail: 'by a fault' },
      { id: 'n1', url: node.url, state: 'ready', pid: 1, restarts: 0, detail: '' },
    ]
    base = await fakeNode({
      'GET /api/cluster': { cluster: 'c', data: '/d', faultsAllowed: true, faults: [], nodes },
    })
  })
  afterAll(() => {
    paused.close()
    base.close()
  })

  test.each<[string[], number, string]>([
    [['status'], 0, 'paused (by a fault)'],
    [['nodes'], 0, 'n2: paused\n'],
    [['groups'], 0, 'n2: paused\n'],
    [['actors'], 0, 'n2: paused\n'],
    [['kv', 'get', 'there'], 0, '5  (version 1)'],
    [['events'], 0, ''],
    [['inspect', 'n2/session/main'], 1, 'n2 is paused and answers nothing'],
  ])('%j does not ask it', async (argv, code, text) => {
    const { code: ended, out, err } = await cluster(...argv, '--url', base.url)
    expect(ended, err).toBe(code)
    expect(out + err).toContain(text)
    expect(paused.asked).toEqual([])
  })
})

test.each([
  ['kill', 'n1 killed'],
  ['pause', 'n1 paused'],
  ['resume', 'n1 goes on'],
  ['restart', 'n1 restarted'],
  ['heal', 'all partitions ended'],
])('fault %s says what was done', async (kind, done) => {
  const base = await fakeNode({
    'GET /api/cluster': { nodes: [{ id: 'n1', url: node.url }] },
    'POST /api/faults': [],
  })
  const argv = ['fault', kind, ...(kind === 'heal' ? [] : ['n1']), '--url', base.url]
  expect(await cluster(...argv)).toEqual({ code: 0, out: `${done}\nnothing is broken now\n`, err: '' })
  base.close()
})

test('what a node could not do says that nothing happened', async () => {
  expect(await cluster('kv', 'put', 'leaderless', '1', '--url', node.url)).toEqual({
    code: 1,
    out: '',
    err: 'kv.0 has no leader at the moment; nothing happened; try again',
  })
})

test('a node that falls silent in the middle leaves open what happened', async () => {
  const silent = await fakeNode({ 'POST /payment/create_user': 'hang up' })
  expect(await cluster('order', 'demo', '--url', silent.url)).toEqual({
    code: 1,
    out: '',
    err: `${silent.url}/payment/create_user does not answer: other side closed; it may or may not have happened`,
  })
  silent.close()
})
