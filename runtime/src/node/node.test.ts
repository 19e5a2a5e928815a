import { cpSync, existsSync, rmSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { until } from '../mesh/mesh.fixture.ts'
import { openSqlite, type SqliteStorage } from '../storage/sqlite.ts'
import { StorageError } from '../storage/storage.ts'
import { echoOf, TestCluster, type TestNode } from './node.fixture.ts'
import type { RunningNode } from './options.ts'

const clusters: TestCluster[] = []
afterEach(async () => {
  await Promise.all(clusters.splice(0).map(cluster => cluster.close()))
})

function clusterOf(size: number): TestCluster {
  const cluster = new TestCluster(size)
  clusters.push(cluster)
  return cluster
}

async function three() {
  const cluster = clusterOf(3)
  const [a, b, c] = await cluster.startAll()
  const [n1, n2, n3] = cluster.nodes
  if (!a || !b || !c || !n1 || !n2 || !n3) throw new Error('three nodes')
  await until(() => [a, b, c].every(node => node.links().every(link => link.reachable)), 'all connected')
  return { cluster, a, b, c, n1, n2, n3 }
}

async function ask(from: RunningNode, of: TestNode, message: unknown): Promise<unknown> {
  const answer = await from.ask(echoOf(of.node), message, 10_000)
  if (answer.outcome !== 'answered') throw new Error(JSON.stringify(answer))
  return answer.result
}

async function noted(node: RunningNode, of: TestNode, count: number): Promise<string[]> {
  let texts: string[] = []
  await until(() => node.ready(), 'ready')
  for (;;) {
    texts = (await ask(node, of, { type: 'noted' })) as string[]
    if (texts.length >= count) return texts
    await new Promise(resolve => setImmediate(resolve))
  }
}

describe('three nodes', () => {
  test('answer requests of each other and pass messages on', async () => {
    const { a, b, n2, n3 } = await three()
    expect(await ask(a, n2, { type: 'echo', text: 'over the wire' })).toBe('over the wire')
    await ask(a, n2, { type: 'pass', to: echoOf(n3.node), text: 'by n2' })
    expect(await noted(b, n3, 1)).toEqual(['by n2'])
  })

  test('tell their actors which peers are reachable', async () => {
    const { a, b, c, n1 } = await three()
    const peers = async () => ((await ask(a, n1, { type: 'who' })) as { peers: object }).peers
    expect(await peers()).toEqual({ n2: true, n3: true })
    await Promise.all([b.stop(), c.stop()])
    await until(() => a.links().every(link => !link.reachable), 'both lost')
    expect(await peers()).toEqual({ n2: false, n3: false })
  })

  test('refuse at once, and definitely, what a missing peer would have to answer', async () => {
    const { a, b, n2 } = await three()
    await b.stop()
    await until(() => a.links().some(link => !link.reachable), 'n2 lost')
    expect(await a.ask(echoOf(n2.node), { type: 'echo', text: '' }, 60_000)).toEqual({
      outcome: 'refused',
      reason: 'unreachable',
    })
  })

  test('count what could not be sent as a dead letter', async () => {
    const { a, b, n2 } = await three()
    await b.stop()
    await until(() => a.links().some(link => !link.reachable), 'n2 lost')
    a.tell(echoOf(n2.node), { type: 'note', text: 'lost' })
    await until(() => a.kernel?.deadLetters().counts.unreachable === 1, 'counted')
  })

  test('obey fault rules on arriving messages, by type', async () => {
    const { a, b, n2 } = await three()
    const always = { probability: 1, delayMs: 0, jitterMs: 0, seed: 1 }
    b.faults?.add({ id: 'lose', messageType: 'note', action: 'drop', ...always })
    a.tell(echoOf(n2.node), { type: 'note', text: 'taken' })
    await until(() => b.kernel?.deadLetters().counts.fault === 1, 'taken')
    b.faults?.clear()
    b.faults?.add({ id: 'twice', messageType: 'note', action: 'duplicate', ...always, delayMs: 1 })
    a.tell(echoOf(n2.node), { type: 'note', text: 'twice' })
    expect(await noted(b, n2, 2)).toEqual(['twice', 'twice'])
  })
})

describe('a node', () => {
  test('[AM2] alone is ready at once and goes on where it was', async () => {
    const cluster = clusterOf(1)
    const [node] = await cluster.startAll()
    const [n1] = cluster.nodes
    if (!node || !n1) throw new Error('one node')
    await ask(node, n1, { type: 'note', text: 'kept' })
    const before = node.identity
    await node.stop()
    const again = await cluster.start(n1)
    expect(await noted(again, n1, 1)).toEqual(['kept'])
    expect(again.identity).toEqual(before)
  })

  test('[AM1] starts no actor before a majority has answered', async () => {
    const cluster = clusterOf(3)
    await cluster.listen()
    const [n1, n2] = cluster.nodes
    if (!n1 || !n2) throw new Error('three nodes')
    const first = await cluster.start(n1)
    expect(first.ready()).toBe(false)
    expect(first.identity).toBeUndefined()
    expect(await first.ask(echoOf(n1.node), { type: 'who' }, 60_000)).toEqual({
      outcome: 'refused',
      reason: 'unreachable',
    })
    const second = await cluster.start(n2)
    await Promise.all([first.whenReady, second.whenReady])
    expect(first.identity).toMatchObject({ node: 'n1', amnesiac: false })
  })

  test('[AM4] with an emptied folder is recognised by its peers', async () => {
    const { cluster, a, b, n1, n2 } = await three()
    await ask(b, n2, { type: 'note', text: 'forgotten' })
    const before = b.identity?.incarnation
    await ask(a, n1, { type: 'note', text: 'so that n1 has seen n2' })
    await b.stop()
    rmSync(n2.folder, { recursive: true })
    const again = await cluster.start(n2)
    await again.whenReady
    expect(before).toMatch(/^1-/)
    expect(again.identity).toMatchObject({ incarnation: expect.stringMatching(/^2-/), amnesiac: true })
    expect(await ask(again, n2, { type: 'who' })).toMatchObject({ amnesiac: true })
  })

  test('[AM4] with a rolled-back folder is recognised by its peers, also after they restarted', async () => {
    const { cluster, a, b, c, n1, n2, n3 } = await three()
    await ask(b, n2, { type: 'note', text: 'kept' })
    await b.stop()
    const copy = cluster.copyFolder(n2)
    const forward = await cluster.start(n2)
    await forward.whenReady
    await until(() => [a, c].every(node => node.links().every(link => link.reachable)), 'n2 back')
    await ask(forward, n2, { type: 'pass', to: echoOf(n1.node), text: 'durable in n1' })
    await ask(forward, n2, { type: 'note', text: 'acknowledged, then lost' })
    await ask(forward, n2, { type: 'pass', to: echoOf(n1.node), text: 'after it' })
    await noted(a, n1, 2)
    await Promise.all([a.stop(), c.stop(), forward.stop()])
    rmSync(n2.folder, { recursive: true })
    cpSync(copy, n2.folder, { recursive: true })
    const again = await Promise.all([n1, n2].map(node => cluster.start(node)))
    await Promise.all(again.map(node => node.whenReady))
    expect(again[1]?.identity).toMatchObject({ incarnation: expect.stringMatching(/^2-/), amnesiac: true })
    expect(await noted(again[1] as RunningNode, n2, 1)).toEqual(['kept'])
    expect(n3.fatal).toEqual([])
  })

  test('[AM14] that was rolled back is recognised by peers that have lost their own folders since', async () => {
    const cluster = clusterOf(5)
    const running = await cluster.startAll()
    const [n1, n2, n3, n4, n5] = cluster.nodes
    const second = running[1]
    if (!n1 || !n2 || !n3 || !n4 || !n5 || !second) throw new Error('five nodes')
    const linked = (node: RunningNode) => node.links().filter(link => link.reachable).length
    await until(() => running.every(node => linked(node) === 4), 'all connected')
    await second.stop()
    const copy = cluster.copyFolder(n2)
    const forward = await cluster.start(n2)
    await forward.whenReady
    await until(() => linked(forward) === 4, 'n2 back')
    await ask(forward, n2, { type: 'note', text: 'acknowledged, then lost' })
    for (const other of [n1, n3, n4, n5]) await ask(forward, other, { type: 'note', text: 'heard of it' })
    await forward.stop()
    rmSync(n2.folder, { recursive: true })
    cpSync(copy, n2.folder, { recursive: true })
    for (const witness of [n3, n5]) {
      await witness.running?.stop()
      rmSync(witness.folder, { recursive: true })
      const again = await cluster.start(witness)
      await again.whenReady
      expect(again.identity).toMatchObject({ amnesiac: true })
    }
    await Promise.all([n1.running?.stop(), n4.running?.stop()])
    const returned = await cluster.start(n2)
    await returned.whenReady
    expect(returned.identity).toMatchObject({ incarnation: expect.stringMatching(/^2-/), amnesiac: true })
  })

  test('[AM10] [AM12] that settled too early takes a new incarnation and restarts in place when a witness returns', async () => {
    const { cluster, a, b, c, n1, n2, n3 } = await three()
    await b.stop()
    const copy = cluster.copyFolder(n2)
    await a.stop()
    const forward = await cluster.start(n2)
    await forward.whenReady
    const linked = (node: RunningNode) => node.links().filter(link => link.reachable).length
    await until(() => linked(forward) === 1 && linked(c) === 1, 'n2 and n3 are connected')
    await ask(forward, n2, { type: 'note', text: 'only n3 has seen this turn' })
    await ask(c, n2, { type: 'echo', text: 'and now it has' })
    await ask(c, n3, { type: 'note', text: 'and remembers' })
    await Promise.all([forward.stop(), c.stop()])
    rmSync(n2.folder, { recursive: true })
    cpSync(copy, n2.folder, { recursive: true })
    const [first, second] = await Promise.all([n1, n2].map(node => cluster.start(node)))
    if (!first || !second) throw new Error('two nodes')
    await Promise.all([first.whenReady, second.whenReady])
    expect(second.identity?.incarnation).toMatch(/^1-/)
    for (let index = 0; index < 10; index++)
      await ask(second, n2, { type: 'note', text: `it runs on ${index}` })
    const kernel = second.kernel
    await cluster.start(n3)
    await until(() => second.identity?.amnesiac === true, 'n2 learns that it has forgotten')
    expect(second.identity?.incarnation).toMatch(/^2-/)
    expect(second.kernel).not.toBe(kernel)
    expect(await ask(second, n2, { type: 'who' })).toMatchObject({ amnesiac: true, peers: { n1: true } })
    await until(() => first.links().every(link => link.reachable), 'n1 hears n2')
    expect(await ask(first, n2, { type: 'echo', text: 'heard under its new name' })).toBe(
      'heard under its new name',
    )
  })

  test('[AM11] writes nothing while nothing happens', async () => {
    const { a, b, c } = await three()
    const turns = () => [a, b, c].map(node => node.turn())
    const heartbeats = async (bytes: number) => {
      const before = a.links()[0]?.receivedBytes ?? 0
      await until(() => (a.links()[0]?.receivedBytes ?? 0) > before + bytes, 'many heartbeats')
    }
    await heartbeats(1_500)
    const before = turns()
    expect(Math.max(...before)).toBeGreaterThan(0)
    await heartbeats(1_500)
    expect(turns()).toEqual(before)
  })

  test('ends, with its links, when its disk fails', async () => {
    const { cluster, a, b, n1, n2 } = await three()
    await b.stop()
    const disk: { storage?: SqliteStorage } = {}
    const openStorage = (folder: string) => {
      disk.storage = openSqlite(folder)
      return disk.storage
    }
    const full = await cluster.start(n2, { openStorage })
    await full.whenReady
    await until(() => a.links().every(link => link.reachable), 'n2 back')
    disk.storage?.limitBytes(4_096)
    const text = 'x'.repeat(1_000_000)
    const pending = full.ask(echoOf(n2.node), { type: 'note', text }, 60_000)
    await until(() => n2.fatal.length === 1, 'told')
    expect(n2.fatal[0]).toBeInstanceOf(StorageError)
    expect(await pending).toEqual({ outcome: 'timeout' })
    expect(full.ready()).toBe(false)
    await until(() => a.links().some(link => !link.reachable), 'peers notice')
    expect(await ask(a, n1, { type: 'echo', text: 'the others go on' })).toBe('the others go on')
  })

  test('refuses a folder that belongs to another node or cluster', async () => {
    const cluster = clusterOf(1)
    const [node] = await cluster.startAll()
    const [n1] = cluster.nodes
    if (!node || !n1) throw new Error('one node')
    await node.stop()
    n1.running = undefined
    await expect(cluster.start(n1, { cluster: 'other' })).rejects.toThrow(
      'holds the data of node n1 of cluster test, not of n1 of other: choose another data folder',
    )
    expect((await cluster.start(n1)).identity?.cluster).toBe('test')
  })

  test('refuses options that cannot work, and makes no folder for them', async () => {
    const cluster = clusterOf(1)
    await cluster.listen()
    const [n1] = cluster.nodes
    if (!n1) throw new Error('one node')
    await expect(cluster.start(n1, { members: [] })).rejects.toThrow('n1 is not in the list of members')
    await expect(cluster.start(n1, { secret: '' })).rejects.toThrow('secret is empty')
    expect(existsSync(n1.folder)).toBe(false)
  })
})
