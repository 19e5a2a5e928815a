import { initialMap } from '@synod/actors'
import { type Answer, FaultPlane } from '@synod/runtime/host'
import { type Address, type NodeId, nodeId } from '@synod/runtime/protocol'
import { describe, expect, test } from 'vitest'
import { EventRing } from '../node/event-ring.ts'
import { type AdminNode, adminApp } from './admin.ts'
import { toJson } from './json.ts'

const n1 = nodeId('n1')
const map = initialMap({
  nodes: ['n1', 'n2', 'n3'].map(nodeId),
  keyspaces: { kv: { shards: 2, replicas: 1 } },
  directoryReplicas: 3,
})

interface Given {
  readonly answers?: Readonly<Record<string, unknown>>
  readonly faults?: boolean
}

/** A node whose actors answer by address and message type; what nobody answers is refused. */
function appWith({ answers = {}, faults = true }: Given = {}) {
  const asked: [Address, unknown][] = []
  const plane = faults ? new FaultPlane() : undefined
  const node: AdminNode = {
    node: n1 as NodeId,
    ready: () => true,
    turn: () => 7,
    links: () => [],
    identity: { incarnation: '1-abc', amnesiac: false },
    faults: plane,
    kernel: {
      actors: () => [],
      stats: () => ({
        turns: 1,
        commits: 1,
        events: 1,
        sent: 0,
        received: 0,
        pendingRequests: 0,
        timers: 0,
        actors: 0,
      }),
      deadLetters: () => ({ counts: {} as never, recent: [] }),
      inspect: id =>
        id === 'learner/kv.0'
          ? ({ summary: { id }, state: { applied: 3 }, timers: [], rowsCount: 0 } as never)
          : undefined,
    },
    ask(to, message): Promise<Answer> {
      asked.push([to, message])
      const result = answers[`${to} ${(message as { type: string }).type}`]
      return Promise.resolve(
        result === undefined
          ? { outcome: 'refused', reason: 'unreachable' }
          : { outcome: 'answered', result },
      )
    },
  }
  const events = new EventRing()
  for (const name of ['a', 'b', 'c']) events.add(1, 'n1/x/y', name, {})
  const members = [{ id: 'n1', url: 'http://127.0.0.1:8001' }]
  const app = adminApp({
    node,
    cluster: 'test',
    members,
    initial: map,
    events,
    monotonicMs: () => 1000,
    onDefect: error => {
      throw error
    },
  })
  const get = async (path: string, init?: RequestInit) => {
    const response = await app.request(`/admin${path}`, init)
    return { status: response.status, body: (await response.json()) as never }
  }
  return { get, asked, plane }
}

describe('looking', () => {
  test('status names the node, its cluster and all members', async () => {
    const { status, body } = await appWith().get('/status')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      cluster: 'test',
      node: 'n1',
      ready: true,
      turn: 7,
      nodes: [{ id: 'n1' }],
      faults: 0,
    })
  })

  test('an actor is inspected by type and name; an unknown one is 404', async () => {
    expect(await appWith().get('/inspect/learner/kv.0')).toMatchObject({ body: { state: { applied: 3 } } })
    const unknown = await appWith().get('/inspect/learner/kv.9')
    expect(unknown).toMatchObject({
      status: 404,
      body: { detail: 'no actor learner/kv.9 on node n1; see: pnpm cluster actors' },
    })
  })

  test('groups are those with a member here; one that does not answer says why', async () => {
    const answers = { 'n1/learner/kv.0 group.status': { group: 'kv.0', role: 'leader' } }
    const { body } = await appWith({ answers }).get('/groups')
    expect(body).toEqual([
      { group: 'kv.0', role: 'leader' },
      { group: 'directory', problem: 'unreachable' },
    ])
  })

  test('a group without a member here is 404, and the local ones are named', async () => {
    expect(await appWith().get('/audit/kv.1')).toMatchObject({
      status: 404,
      body: { detail: 'no member of group kv.1 on node n1; here: kv.0, directory' },
    })
  })

  test('the log is the newest slots, or a range', async () => {
    const answers = {
      'n1/learner/kv.0 group.status': { chosen: 50 },
      'n1/learner/kv.0 group.log': { base: 0, chosen: 50, slots: [] },
    }
    const { get, asked } = appWith({ answers })
    await get('/log/kv.0?limit=10')
    await get('/log/kv.0?from=5&to=9')
    await get('/log/kv.0?from=1&to=999999')
    const ranges = asked
      .map(([, message]) => message)
      .filter(message => (message as { type: string }).type === 'group.log')
    expect(ranges).toEqual([
      { type: 'group.log', from: 41, to: 50 },
      { type: 'group.log', from: 5, to: 9 },
      { type: 'group.log', from: 1, to: 1000 },
    ])
  })

  test('events: the last ones, or what came after', async () => {
    const names = async (path: string) =>
      ((await appWith().get(path)).body as { name: string }[]).map(event => event.name)
    expect(await names('/events?limit=2')).toEqual(['b', 'c'])
    expect(await names('/events?after=1')).toEqual(['b', 'c'])
    expect(await names('/events?after=nonsense&limit=1')).toEqual(['a'])
  })

  test('the shard map comes from the leader of the directory, found by its hint', async () => {
    const answers = {
      'n1/learner/directory getMap': { type: 'notLeader', group: 'directory', leader: 'n2' },
      'n3/learner/directory getMap': { type: 'notLeader', group: 'directory', leader: 'n2' },
      'n2/learner/directory getMap': { type: 'map', map: { ...map, epoch: 9 } },
    }
    expect(await appWith({ answers }).get('/map')).toMatchObject({ body: { source: 'directory', epoch: 9 } })
  })

  test('without a leader it is the configured one, and says so', async () => {
    expect(await appWith().get('/map')).toMatchObject({ body: { source: 'configuration', epoch: 1 } })
  })

  test('what is not there is 404 in words', async () => {
    expect(await appWith().get('/nothing')).toMatchObject({
      status: 404,
      body: { detail: 'there is no GET /admin/nothing' },
    })
  })
})

describe('faults', () => {
  const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) })

  test('are rules of the plane, replaced by id, ending by themselves', async () => {
    const { get, plane } = appWith()
    await get('/faults', post({ id: 'a', action: 'delay', delayMs: 5, to: 'n1', durationMs: 250 }))
    expect(plane?.rules()).toEqual([
      { id: 'a', action: 'delay', delayMs: 5, jitterMs: 0, to: 'n1', probability: 1, seed: 1, untilMs: 1250 },
    ])
    await get('/faults', post({ id: 'a', action: 'drop' }))
    expect(plane?.rules()).toMatchObject([{ id: 'a', action: 'drop' }])
    expect(await get('/faults/b', { method: 'DELETE' })).toMatchObject({ status: 404 })
    await get('/faults', { method: 'DELETE' })
    expect(plane?.rules()).toEqual([])
  })

  test.each([
    ['no JSON', undefined],
    ['no such action', { id: 'a', action: 'explode' }],
    ['a probability above 1', { id: 'a', action: 'drop', probability: 2 }],
    ['an unknown member', { id: 'a', action: 'drop', nodes: [] }],
    ['a cut of one type, which the plane refuses', { id: 'a', action: 'cut', messageType: 'accept' }],
  ])('%s is 400 and changes nothing', async (_what, body) => {
    const { get, plane } = appWith()
    expect((await get('/faults', post(body))).status).toBe(400)
    expect(plane?.rules()).toEqual([])
  })

  test.each([
    ['acept', 'there is no message type "acept"; did you mean "accept"? nodes send each other: accept, '],
    ['nonsense', 'there is no message type "nonsense"; nodes send each other: accept, '],
    ['propose', '"propose" stays within a node, where no fault meets it; nodes send each other: accept, '],
  ])(
    '[GW10] of messages of type %s would do nothing: refused, with those that there are',
    async (type, why) => {
      const { get, plane } = appWith()
      const { status, body } = await get('/faults', post({ id: 'a', action: 'drop', messageType: type }))
      expect({ status, detail: (body as { detail: string }).detail }).toEqual({
        status: 400,
        detail: expect.stringContaining(why),
      })
      expect(plane?.rules()).toEqual([])
      for (const messageType of ['accept', 'reply', 'paxos.snapshotChunk']) {
        expect(await get('/faults', post({ id: 'a', action: 'drop', messageType }))).toMatchObject({
          status: 200,
        })
      }
    },
  )

  test('do not exist on a node that was not started for them', async () => {
    const { get } = appWith({ faults: false })
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect(await get('/faults', { method })).toMatchObject({
        status: 404,
        body: { detail: 'this node was started without --faults: nothing here can break it' },
      })
    }
  })
})

test('anything an actor holds is shown: bytes, maps, sets, big and endless numbers', () => {
  const value = {
    bytes: new Uint8Array([1, 255]),
    buffer: Buffer.from('a'),
    map: new Map([['k', 1n]]),
    set: new Set([2]),
    end: Number.POSITIVE_INFINITY,
  }
  expect(JSON.parse(toJson(value))).toEqual({
    bytes: '2 bytes: 01ff',
    buffer: '1 bytes: 61',
    map: { k: '1' },
    set: [2],
    end: 'Infinity',
  })
})
