/**
 * A counter replicated on three nodes. Here they share one process, each with a data folder and a port of its own; in
 * production each is a process on its own machine. One of them is stopped while the counter goes on counting.
 *
 *   npx -y pnpm exec node actors/examples/replicated-counter.ts [folder]
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNode } from '@synod/runtime/host'
import { nodeId } from '@synod/runtime/protocol'
// An application writes '@synod/actors'.
import { ReplicaClient, replicated } from '../src/index.ts'

const folder = process.argv[2] ?? join(tmpdir(), 'synod-replicated-counter')
const ids = ['n1', 'n2', 'n3'].map(nodeId)

const counter = replicated(
  {
    commands: {
      add(store, { by }: { by: number }) {
        const count = Number(store.get('count') ?? 0) + by
        store.put('count', count)
        return count
      },
    },
    queries: {
      get: store => Number(store.get('count') ?? 0),
    },
  },
  { name: 'counter', replicas: ids },
)

const places = await Promise.all(ids.map(listen))
const members = places.map(({ id, port }) => ({ id, host: '127.0.0.1', port }))
const [first, second, third] = await Promise.all(places.map(start))
if (first === undefined || second === undefined || third === undefined) throw new Error('three nodes')
await Promise.all([first, second, third].map(node => node.whenReady))

const client = new ReplicaClient(counter, second, { session: `example-${process.pid}-${Date.now()}` })
console.log('before', await client.query('get'))
for (let i = 0; i < 5; i++) await client.command('add', { by: 1 })
await first.stop()
console.log('without n1', await client.command('add', { by: 5 }))
console.log('after', await client.query('get'))
await Promise.all([second.stop(), third.stop()])
for (const { server } of places) server.close()

async function listen(id: (typeof ids)[number]) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { id, server, port: (server.address() as AddressInfo).port }
}

function start({ id: node, server }: Awaited<ReturnType<typeof listen>>) {
  return startNode({
    ...{ cluster: 'example', secret: 'only for this example', folder: join(folder, node) },
    ...{ node, members, server, actors: counter.actors },
    log: () => {},
    onFatal(error) {
      throw error
    },
  })
}
