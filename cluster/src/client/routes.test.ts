/** Whom a client asks: the leader of the key's group where it is known and connected, else its home. */
import { initialMap, locate, type ShardMap } from '@synod/actors'
import { decode, encode, nodeId } from '@synod/runtime/protocol'
import { afterEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Client, connect } from './index.ts'

const names = ['n1', 'n2', 'n3'] as const
type Name = (typeof names)[number]
const map: ShardMap = initialMap({
  nodes: names.map(nodeId),
  keyspaces: { kv: { shards: 3, replicas: 3 } },
  directoryReplicas: 3,
})
const groups = Object.keys(map.groups)

/** A node that says who leads, and notes which keys it is asked for. */
class FakeNode {
  readonly name: Name
  readonly puts: string[] = []
  leaders: Record<string, string> = {}
  #server: WebSocketServer | undefined
  readonly #sockets = new Set<WebSocket>()
  port = 0

  constructor(name: Name) {
    this.name = name
  }

  async listen(): Promise<void> {
    const server = new WebSocketServer({ port: this.port, host: '127.0.0.1' })
    this.#server = server
    server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('message', (data: Buffer) => this.#receive(socket, data))
    })
    await new Promise(resolve => server.once('listening', resolve))
    const at = server.address()
    this.port = typeof at === 'object' ? (at?.port ?? 0) : 0
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate()
    await new Promise(resolve => this.#server?.close(resolve))
  }

  #receive(socket: WebSocket, data: Buffer): void {
    for (const [number, request] of decode(data) as [
      number,
      { type: string; operations: { key: string }[] },
    ][]) {
      if (request.type === 'routes') {
        socket.send(encode([[number, { type: 'routes', node: this.name, map, leaders: this.leaders }]]))
      } else {
        this.puts.push(request.operations[0]?.key ?? '')
        const outcome = { status: 'committed', results: [{ version: 1 }] }
        socket.send(encode([[number, { type: 'transacted', id: {}, outcome }]]))
      }
    }
  }
}

let nodes: FakeNode[] = []
let client: Client | undefined
afterEach(async () => {
  client?.close()
  await Promise.all(nodes.map(node => node.stop()))
})

async function start(leader: Name): Promise<FakeNode[]> {
  nodes = names.map(name => new FakeNode(name))
  for (const node of nodes) {
    await node.listen()
    node.leaders = Object.fromEntries(groups.map(group => [group, leader]))
  }
  client = connect(
    nodes.map(({ port }) => `http://127.0.0.1:${port}`),
    { startAt: 0, deadlineMs: 20_000 },
  )
  return nodes
}

/** Puts one key after another until `node` is asked. */
async function putUntilAsked(node: FakeNode | undefined): Promise<void> {
  const before = node?.puts.length ?? 0
  const deadline = performance.now() + 15_000
  for (let at = 0; (node?.puts.length ?? 0) === before; at++) {
    expect(performance.now()).toBeLessThan(deadline)
    await client?.put('kv', `k${at}`, 1)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

test('[EX14] the node that leads the key’s group is asked, once it is known and connected', async () => {
  const [n1, n2, n3] = await start('n2')
  await putUntilAsked(n2)
  const others = (n1?.puts.length ?? 0) + (n3?.puts.length ?? 0)
  for (let at = 0; at < 20; at++) await client?.put('kv', `more-${at}`, 1)
  expect((n1?.puts.length ?? 0) + (n3?.puts.length ?? 0)).toBe(others)
})

test('[EX14] what the node that is asked says of a group counts, not what others still believe', async () => {
  const [, n2, n3] = await start('n2')
  await putUntilAsked(n2)
  const moved = locate(map, 'kv', 'k')?.group ?? ''
  for (const node of [n2, n3]) if (node !== undefined) node.leaders = { ...node.leaders, [moved]: 'n3' }
  const before = n3?.puts.length ?? 0
  const deadline = performance.now() + 15_000
  while ((n3?.puts.length ?? 0) === before) {
    expect(performance.now()).toBeLessThan(deadline)
    await client?.put('kv', 'k', 1)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
})

test('[EX14] a leader that is lost is not waited for, and asked again when it is back', async () => {
  const [n1, n2] = await start('n2')
  await putUntilAsked(n2)
  await n2?.stop()
  await putUntilAsked(n1)
  await n2?.listen()
  await putUntilAsked(n2)
})

test('[EX14] a leader that is cut off, and still believes in itself, is left when all others pass it by', async () => {
  const [n1, n2, n3] = await start('n2')
  await putUntilAsked(n2)
  for (const node of [n1, n3]) {
    if (node !== undefined) node.leaders = Object.fromEntries(groups.map(group => [group, 'n3']))
  }
  await putUntilAsked(n3)
})
