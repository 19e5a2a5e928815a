import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { nodeId } from '../address.ts'
import { closeCodes } from './close-codes.ts'
import { encodeEnvelopes } from './frame.ts'
import { accepterAlone, connected, envelope, n1, n2, until } from './mesh.fixture.ts'
import { strangerTo } from './stranger.fixture.ts'

test.each<[string, (socket: WebSocket) => void, number]>([
  ['bytes that are no frame', socket => socket.send(Buffer.from([0xff, 1, 2])), closeCodes.notAFrame],
  ['text', socket => socket.send('hello?'), closeCodes.notAFrame],
  ['a frame that is too large', socket => socket.send(Buffer.alloc(30_000)), closeCodes.tooBig],
  [
    'an envelope in the name of a third node',
    socket =>
      socket.send(encodeEnvelopes({ incarnation: '1-x', turn: 0 }, [envelope(nodeId('n3'), n2, 'forged')])),
    closeCodes.notAFrame,
  ],
])('[MS9] %s closes that link with its code, never the node', async (_, speak, code) => {
  const mesh = await accepterAlone({ maxPayloadBytes: 20_000 })
  const peer = await strangerTo(mesh)
  await peer.shakeHands()
  await until(() => mesh.reachable.get(n1) === true, 'connected')
  speak(peer.socket)
  expect((await peer.closed).code).toBe(code)
  await until(() => mesh.reachable.get(n1) === false, 'link gone')
  expect(mesh.received).toEqual([])
  const good = await strangerTo(mesh)
  await good.shakeHands()
  good.socket.send(encodeEnvelopes({ incarnation: '1-x', turn: 0 }, [envelope(n1, n2, 'fine')]))
  await until(() => mesh.received.length === 1, 'the mesh goes on')
})

test('[MS8] a large turn is split, in order, below the largest frame', async () => {
  const [a, b] = await connected({ limits: { frameBytes: 10_000, maxPayloadBytes: 30_000 } })
  const sent = Array.from({ length: 300 }, (_, index) => envelope(n1, n2, { index, body: 'x'.repeat(1_000) }))
  a.mesh.transmit(n2, sent)
  await until(() => b.received.length === sent.length, 'all arrived')
  expect(b.received.map(({ envelope }) => envelope)).toEqual(sent)
})

test('[MS8] a message above the largest frame is dropped alone', async () => {
  const [a, b] = await connected({ limits: { maxPayloadBytes: 30_000 } })
  const large = envelope(n1, n2, 'x'.repeat(40_000))
  a.mesh.transmit(n2, [envelope(n1, n2, 1), large, envelope(n1, n2, 2)])
  await until(() => b.received.length === 2, 'the others arrived')
  expect(a.lost).toEqual([large])
  expect(a.logged.some(line => line.includes('cannot be sent'))).toBe(true)
})

test('[MS8] a message that cannot be encoded is dropped alone', async () => {
  const [a, b] = await connected()
  const broken = envelope(n1, n2, { symbol: Symbol('no') })
  a.mesh.transmit(n2, [envelope(n1, n2, 1), broken, envelope(n1, n2, 2)])
  await until(() => b.received.length === 2, 'the others arrived')
  expect(a.lost).toEqual([broken])
})

test('[MS10] messages of an older life are not heard', async () => {
  const [a, b] = await connected({}, { claimed: () => false })
  a.mesh.transmit(n2, [envelope(n1, n2, 'from the past')])
  await until(() => b.link(n1).dropped === 1, 'counted')
  expect(b.received).toEqual([])
})

test('[MS11] what waits for a peer that does not read is bounded, and the rest counted', async () => {
  const mesh = await accepterAlone({ queueBytes: 200_000 })
  const peer = await strangerTo(mesh)
  await peer.shakeHands()
  await until(() => mesh.reachable.get(n1) === true, 'connected')
  peer.socket.pause()
  const message = envelope(n2, n1, 'x'.repeat(50_000))
  let tries = 0
  await until(() => {
    tries++
    mesh.mesh.transmit(n1, [message])
    return mesh.lost.length > 20
  }, 'the queue is full')
  const { queuedBytes, sent, dropped } = mesh.link(n1)
  expect(queuedBytes).toBeLessThan(300_000)
  expect(sent + dropped).toBe(tries)
  expect(dropped).toBe(mesh.lost.length)
})
