import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { nodeId } from '../address.ts'
import { closeCodes } from './close-codes.ts'
import { accepterAlone, listen, type MeshChanges, makeMesh, n1, n2, pair, until } from './mesh.fixture.ts'
import { strangerTo } from './stranger.fixture.ts'

test.each<[string, MeshChanges, number, string]>([
  ['a wrong secret', { secret: 'other' }, closeCodes.badSecret, 'wrong cluster secret'],
  ['another cluster', { cluster: 'other' }, closeCodes.wrongCluster, 'same cluster id'],
  ['a name that is not a member', { node: nodeId('n0') }, closeCodes.unknownNode, 'member lists'],
])('[MS6] %s closes the link with its code and says what to change', async (_, changes, code, advice) => {
  const [a, b] = await pair(changes)
  await until(() => a.link(n2).lastClose !== undefined, 'a reason is known')
  const name = Object.entries(closeCodes).find(([, each]) => each === code)?.[0]
  expect(a.link(n2).lastClose).toContain(`the peer closed: ${name}: `)
  expect(a.link(n2).lastClose).toContain(advice)
  expect(b.reachable.size).toBe(0)
  expect(a.logged.filter(line => line.startsWith('link down'))).toHaveLength(1)
})

test('[MS16] no link comes up between members with other terms, and both ends say why', async () => {
  const terms = (own: string): MeshChanges => ({
    agreement: {
      terms: own,
      differs: (_peer, theirs) => (theirs === own ? undefined : 'give both the same'),
    },
  })
  const [a, b] = await pair(terms('A'), terms('B'))
  const why = 'the peer closed: disagree: give both the same'
  await until(() => a.link(n2).lastClose === why && b.link(n1).lastClose === why, 'both know why')
  expect([a.reachable.size, b.reachable.size]).toEqual([0, 0])
  expect([...a.logged, ...b.logged].filter(line => line.startsWith('link down'))).toHaveLength(2)
  const at = await listen()
  expect(() => makeMesh('n3', at, {}, terms('x'.repeat(10_000)))).toThrow('the terms are too long')
  at.server.close()
})

test('[MS6] the dialler sees it, too, when the other end is not the node it wanted', async () => {
  const at = await listen()
  const other = await listen()
  makeMesh('n3', other, { n1: at.port })
  const a = makeMesh('n1', at, { n2: other.port })
  await until(() => a.link(n2).lastClose !== undefined, 'a reason is known')
  expect(a.reachable.get(n2)).toBeUndefined()
})

test.each<[string, (socket: WebSocket) => void, number]>([
  ['bytes', socket => socket.send(Buffer.from([1, 2, 3])), closeCodes.notAFrame],
  ['prose', socket => socket.send('good morning'), closeCodes.notAFrame],
  ['too many words', socket => socket.send(`"${'x'.repeat(5_000)}"`), closeCodes.notAFrame],
  ['more than the largest frame', socket => socket.send('x'.repeat(3_000)), closeCodes.tooBig],
])('[MS6] %s instead of a hello closes that link only', async (what, speak, code) => {
  const mesh = await accepterAlone(what.startsWith('more') ? { maxPayloadBytes: 2_000 } : {})
  const { socket, closed } = await strangerTo(mesh)
  speak(socket)
  expect((await closed).code).toBe(code)
  const good = await strangerTo(mesh)
  await good.shakeHands()
  await until(() => mesh.reachable.get(n1) === true, 'the mesh goes on')
})

test('[MS6] who says nothing is closed after the deadline', async () => {
  const mesh = await accepterAlone({ handshakeMs: 20 })
  const { closed } = await strangerTo(mesh)
  const { code, reason } = await closed
  expect(code).toBe(closeCodes.tooSlow)
  expect(reason).toContain('no handshake within 20 ms')
})

test('[MS6] who says nothing does not keep a member out: beyond the limit the oldest goes', async () => {
  const mesh = await accepterAlone({ handshakes: 2 })
  const silent = [await strangerTo(mesh), await strangerTo(mesh), await strangerTo(mesh)]
  const { code, reason } = (await silent[0]?.closed) ?? {}
  expect(code).toBe(closeCodes.tooSlow)
  expect(reason).toContain('others wait to shake hands')
  const good = await strangerTo(mesh)
  await good.shakeHands()
  await until(() => mesh.reachable.get(n1) === true, 'the member is in')
  expect(silent[2]?.socket.readyState).toBe(WebSocket.OPEN)
})

test('[MS2] what is not a WebSocket request on the path is answered, not taken', async () => {
  const mesh = await accepterAlone()
  const answer = await new Promise<string>(resolve => {
    const socket = connect(mesh.port, '127.0.0.1', () =>
      socket.write('GET /mesh HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    )
    socket.once('data', data => {
      socket.destroy()
      resolve(String(data))
    })
  })
  expect(answer).toContain('400')
})
