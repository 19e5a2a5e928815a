import { expect, test } from 'vitest'
import { closeCodes } from './close-codes.ts'
import { accepterAlone, connected, cut, envelope, makeMesh, n1, n2, until } from './mesh.fixture.ts'
import { strangerTo } from './stranger.fixture.ts'

test('[MS12] heartbeats measure the round trip', async () => {
  const [a, b] = await connected()
  await until(() => a.link(n2).rttMs !== undefined && b.link(n1).rttMs !== undefined, 'a round trip')
  expect(a.link(n2).rttMs).toBeGreaterThanOrEqual(0)
})

test('[MS15] a cut in one direction makes the receiver suspect the sender, and heals', async () => {
  const [a, b] = await connected()
  await until(() => b.link(n1).rttMs !== undefined, 'heartbeats flow')
  cut(b, n1, n2)
  a.mesh.transmit(n2, [envelope(n1, n2, 'cut off')])
  b.mesh.transmit(n1, [envelope(n2, n1, 'the other way')])
  await until(() => a.received.length === 1, 'the other direction works')
  await until(() => b.reachable.get(n1) === false, 'n2 suspects n1')
  expect(b.link(n1).state).toBe('connected')
  expect(a.reachable.get(n2)).toBe(true)
  expect(b.received).toEqual([])
  b.faults.clear()
  await until(() => b.reachable.get(n1) === true, 'trusted again')
})

test('[MS15] no link comes up across a cut', async () => {
  let waits = 0
  const random = () => {
    waits++
    return 0.5
  }
  const [a, b] = await connected({ random })
  cut(a, n2, n1)
  await b.mesh.stop()
  const again = makeMesh('n2', b, { n1: a.port })
  await until(() => a.reachable.get(n2) === false, 'lost')
  const before = waits
  await until(() => waits >= before + 3, 'three chances to dial')
  expect([a.link(n2).links, again.link(n1).links]).toEqual([1, 0])
  a.faults.clear()
  await until(() => a.reachable.get(n2) === true, 'back')
  expect(a.link(n2).links).toBe(2)
})

test('[MS15] no link is taken across a cut that only the accepting side knows', async () => {
  const [a, b] = await connected()
  cut(b, n1, n2)
  await a.mesh.stop()
  let waits = 0
  const random = () => {
    waits++
    return 0.5
  }
  const again = makeMesh('n1', a, { n2: b.port }, { random })
  await until(() => waits >= 3, 'it was sent away three times')
  expect([again.link(n2).links, b.link(n1).links]).toEqual([0, 1])
  b.faults.clear()
  await until(() => again.reachable.get(n2) === true && b.reachable.get(n1) === true, 'connected')
})

test('[MS12] a link that carries nothing is closed and dialled anew', async () => {
  const mesh = await accepterAlone({ silenceMs: 50 })
  const peer = await strangerTo(mesh)
  await peer.shakeHands()
  const { code, reason } = await peer.closed
  expect(code).toBe(closeCodes.silent)
  expect(reason).toContain('is the node or its network stuck?')
})
