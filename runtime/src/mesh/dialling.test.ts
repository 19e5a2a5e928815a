import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { closeCodes } from './close-codes.ts'
import { listen, makeMesh, n1, n2, quick, until } from './mesh.fixture.ts'
import { strangerTo } from './stranger.fixture.ts'

/** Waits that no test lives to see. */
const never = 600_000

test('[MS17] a node that begins is dialled at once, however long the other end would have waited', async () => {
  const [at1, at2] = [await listen(), await listen()]
  const a = makeMesh('n1', at1, { n2: at2.port }, { limits: { backoffMs: never, maxBackoffMs: never } })
  await until(() => a.link(n2).lastClose !== undefined, 'n1 found nobody and waits')
  const b = makeMesh('n2', at2, { n1: at1.port })
  await until(() => a.reachable.get(n2) === true && b.reachable.get(n1) === true, 'both connected')
  expect([a.link(n2).links, b.link(n1).links]).toEqual([1, 1])
  expect(b.logged.join()).not.toContain('dialsBack')
})

/** A port where `accept` has the connections; both end with the test. */
async function port(accept: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    sockets.add(socket.on('error', () => undefined))
    accept(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

test('[MS17] a dial that hangs is given up for a knock, and no more often than strangers may make it', async () => {
  let dials = 0
  const silent = await port(() => dials++)
  const mesh = makeMesh('n1', await listen(), { n2: silent }, { limits: { heartbeatMs: never } })
  await until(() => dials === 1, 'n1 dials into silence')
  for (let knocks = 0; knocks < 5; knocks++) {
    const { closed, sayHello } = await strangerTo(mesh, n2)
    sayHello()
    expect((await closed).code).toBe(closeCodes.dialsBack)
  }
  await until(() => dials === 2, 'n1 dials again')
})

test('[MS17] a link that is silent is replaced after a knock, and by who proves itself', async () => {
  const at2 = await listen()
  let deaf = () => {}
  const through = await port(socket => {
    const onward = connect(at2.port, '127.0.0.1').on('error', () => undefined)
    socket.pipe(onward).pipe(socket)
    deaf = () => socket.unpipe(onward).pause() && onward.unpipe(socket).resume()
  })
  const a = makeMesh('n1', await listen(), { n2: through })
  makeMesh('n2', at2, { n1: a.port })
  await until(() => a.reachable.get(n2) === true, 'connected')
  // Silence is noticed only of who was heard before (PH3).
  await until(() => a.link(n2).rttMs !== undefined, 'heartbeats flow')
  deaf()
  await until(() => a.reachable.get(n2) === false, 'n1 hears nothing')
  expect(a.link(n2)).toMatchObject({ state: 'connected', links: 1 })
  const { closed, sayHello } = await strangerTo(a, n2)
  sayHello()
  expect((await closed).code).toBe(closeCodes.dialsBack)
  await until(() => a.link(n2).links === 2 && a.reachable.get(n2) === true, 'connected again')
})

test('[MS17] who knocks says nothing but its hello, whatever is answered', async () => {
  const heard: string[] = []
  const at1 = await listen()
  const impostor = new WebSocketServer({ server: at1.server })
  let ended = false
  impostor.on('connection', socket => {
    socket.on('message', data => {
      heard.push(JSON.parse(String(data)).type)
      socket.send(JSON.stringify({ type: 'challenge' }))
    })
    socket.on('close', () => {
      ended = true
    })
  })
  onTestFinished(() => {
    impostor.close()
    at1.server.close()
  })
  const b = makeMesh('n2', await listen(), { n1: at1.port }, { limits: quick })
  await until(() => ended, 'n2 hung up')
  expect(heard).toEqual(['hello'])
  expect(b.link(n1)).toMatchObject({ state: 'down', links: 0, lastClose: undefined })
})
