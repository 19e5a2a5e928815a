import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { closeCodes } from './close-codes.ts'
import { accepterAlone, connected, envelope, listen, makeMesh, n1, n2, pair, until } from './mesh.fixture.ts'
import { strangerTo } from './stranger.fixture.ts'

test('[MS1] there is one link for each pair, dialled by the smaller id', async () => {
  const [a, b] = await connected()
  a.mesh.transmit(n2, [envelope(n1, n2, 'hello')])
  b.mesh.transmit(n1, [envelope(n2, n1, 'and back')])
  await until(() => a.received.length === 1 && b.received.length === 1, 'both heard')
  expect(a.received[0]).toEqual({ peer: n2, envelope: envelope(n2, n1, 'and back') })
  expect([a.link(n2).links, b.link(n1).links]).toEqual([1, 1])
})

test('[MS1] a node does not take a link that is its own to dial', async () => {
  const mesh = makeMesh('n1', await listen(), { n2: 1 })
  const { closed, sayHello } = await strangerTo(mesh, n2)
  sayHello()
  expect((await closed).code).toBe(closeCodes.dialsBack)
})

test('[MS2] other upgrades and plain HTTP on the same port are left alone', async () => {
  const [a] = await connected()
  const others = new WebSocketServer({ noServer: true })
  a.server.on('upgrade', (request, socket, head) => {
    if (request.url === '/client')
      others.handleUpgrade(request, socket, head, client => client.send('welcome'))
  })
  const client = new WebSocket(`ws://127.0.0.1:${a.port}/client`)
  const said = await new Promise(resolve => client.once('message', data => resolve(String(data))))
  client.terminate()
  expect(said).toBe('welcome')
  expect(await (await fetch(`http://127.0.0.1:${a.port}/`)).text()).toBe('http')
})

test('[MS3] each side learns what the other has seen of it', async () => {
  const testimony = { settled: true, sightings: new Map([[n2, { incarnation: '3-n2', turn: 99 }]]) }
  const [, b] = await connected({ testimony: () => testimony })
  expect(b.witnessed).toEqual([{ peer: n1, claim: { incarnation: '1-n1', turn: 7 }, testimony }])
})

test('[MS3] a peer that settled since it answered is asked again, over a new link', async () => {
  let asked = 0
  const [a, b] = await pair({}, { confirmed: () => ++asked !== 1 })
  await until(() => b.witnessed.length === 2 && a.reachable.get(n2) === true, 'asked again')
  expect(a.logged.join()).toContain('askAgain')
})

test('[MS13] links come back after they were lost, with everything counted', async () => {
  const [a, b] = await connected()
  await b.mesh.stop()
  await until(() => a.link(n2).state !== 'connected' && a.reachable.get(n2) === false, 'n1 notices')
  a.mesh.transmit(n2, [envelope(n1, n2, 'lost')])
  expect(a.link(n2)).toMatchObject({ state: expect.not.stringMatching('connected'), dropped: 1, sent: 0 })
  expect(a.lost).toEqual([envelope(n1, n2, 'lost')])
  // As logged: a dial that fails meanwhile leaves a later reason in the status.
  expect(a.logged.join()).toContain('the peer closed: stopping: this node stops')
  const again = makeMesh('n2', b, { n1: a.port })
  await until(() => a.reachable.get(n2) === true, 'connected again')
  a.mesh.transmit(n2, [envelope(n1, n2, 'found')])
  await until(() => again.received.length === 1, 'delivered')
  expect(a.link(n2)).toMatchObject({ links: 2, sent: 1 })
})

test('[MS13] links come back after the connection broke without a word', async () => {
  const [a, b] = await connected()
  b.server.closeAllConnections()
  a.server.closeAllConnections()
  b.mesh.abort()
  const again = makeMesh('n2', b, { n1: a.port })
  await until(() => again.reachable.get(n1) === true, 'connected again')
})

test('[MS14] a newer link of the same peer replaces the older', async () => {
  const mesh = await accepterAlone()
  const first = await strangerTo(mesh)
  await first.shakeHands()
  const second = await strangerTo(mesh)
  await second.shakeHands()
  const { code, reason } = await first.closed
  expect(code).toBe(closeCodes.replaced)
  expect(reason).toContain('is a second process running as n1?')
  expect(mesh.link(n1)).toMatchObject({ state: 'connected', links: 2 })
})
