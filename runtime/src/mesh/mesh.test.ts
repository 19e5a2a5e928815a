import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { nodeId } from '../address.ts'
import { closeCodes } from './close-codes.ts'
import { encodeEnvelopes } from './frame.ts'
import { Handshake } from './handshake.ts'
import { envelope, listen, type MeshChanges, makeMesh, type TestMesh, until } from './mesh.fixture.ts'

const n1 = nodeId('n1')
const n2 = nodeId('n2')

const running: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(each => each.stop()))
})

async function pair(first: MeshChanges = {}, second: MeshChanges = {}): Promise<[TestMesh, TestMesh]> {
  const [at1, at2] = [await listen(), await listen()]
  const a = makeMesh('n1', at1, { n2: at2.port }, first)
  const b = makeMesh('n2', at2, { n1: at1.port }, second)
  running.push(a, b)
  return [a, b]
}

async function connected(first: MeshChanges = {}, second: MeshChanges = {}): Promise<[TestMesh, TestMesh]> {
  const [a, b] = await pair(first, second)
  await until(() => a.reachable.get(n2) === true && b.reachable.get(n1) === true, 'both connected')
  return [a, b]
}

/** Speaks for n1 towards a mesh, as far as the test likes. */
async function strangerTo(mesh: TestMesh, secret = 'secret') {
  const socket = new WebSocket(`ws://127.0.0.1:${mesh.port}/mesh`, { perMessageDeflate: false })
  const closed = new Promise<{ code: number; reason: string }>(resolve =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  socket.on('error', () => {})
  running.push({
    stop: async () => {
      socket.terminate()
      await closed
    },
  })
  await new Promise(resolve => socket.once('open', resolve))
  const shakeHands = () => {
    const party = {
      cluster: 'test',
      node: n1,
      secret,
      claim: () => ({ incarnation: '1-x', turn: 0 }),
      testimony: nothing,
      nonce: () => '0'.repeat(32),
    }
    const handshake = new Handshake(party, true, name => nodeId(name))
    return new Promise<void>(resolve => {
      socket.on('message', (data, isBinary) => {
        if (isBinary) return
        const step = handshake.receive(String(data))
        if (step.say !== undefined) socket.send(step.say)
        if (step.met !== undefined) resolve()
      })
      socket.send(handshake.hello())
    })
  }
  return { socket, closed, shakeHands }
}

async function accepterAlone(limits: MeshChanges['limits'] = {}): Promise<TestMesh> {
  const mesh = makeMesh('n2', await listen(), { n1: 1 }, { limits })
  running.push(mesh)
  return mesh
}

const nothing = () => ({ settled: true, sightings: new Map() })

describe('links', () => {
  test('[MS1] there is one for each pair, dialled by the smaller id', async () => {
    const [a, b] = await connected()
    a.mesh.transmit(n2, [envelope(n1, n2, 'hello')])
    b.mesh.transmit(n1, [envelope(n2, n1, 'and back')])
    await until(() => a.received.length === 1 && b.received.length === 1, 'both heard')
    expect(a.received[0]).toEqual({ peer: n2, envelope: envelope(n2, n1, 'and back') })
    expect([a.link(n2).links, b.link(n1).links]).toEqual([1, 1])
  })

  test('[MS1] a node does not take a link that is its own to dial', async () => {
    const mesh = makeMesh('n1', await listen(), { n2: 1 })
    running.push(mesh)
    const { closed, socket } = await strangerTo(mesh)
    const party = { cluster: 'test', node: n2, secret: 'secret', testimony: nothing }
    const claim = () => ({ incarnation: '1-x', turn: 0 })
    socket.send(new Handshake({ ...party, claim, nonce: () => '0'.repeat(32) }, true, () => n1).hello())
    expect((await closed).code).toBe(closeCodes.unknownNode)
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

  test('[MS13] come back after they were lost, with everything counted', async () => {
    const [a, b] = await connected()
    await b.mesh.stop()
    await until(() => a.reachable.get(n2) === false, 'n1 notices')
    a.mesh.transmit(n2, [envelope(n1, n2, 'lost')])
    expect(a.link(n2)).toMatchObject({ state: expect.not.stringMatching('connected'), dropped: 1, sent: 0 })
    expect(a.lost).toEqual([envelope(n1, n2, 'lost')])
    const again = makeMesh('n2', b, { n1: a.port })
    running.push(again)
    await until(() => a.reachable.get(n2) === true, 'connected again')
    a.mesh.transmit(n2, [envelope(n1, n2, 'found')])
    await until(() => again.received.length === 1, 'delivered')
    expect(a.link(n2)).toMatchObject({
      links: 2,
      sent: 1,
      lastClose: 'the peer closed: stopping: this node stops',
    })
  })

  test('[MS13] come back after the connection broke without a word', async () => {
    const [a, b] = await connected()
    b.server.closeAllConnections()
    a.server.closeAllConnections()
    b.mesh.abort()
    const again = makeMesh('n2', b, { n1: a.port })
    running.push(again)
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
})

describe('the handshake over sockets', () => {
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
    const tooLong = { ...terms('x'.repeat(10_000)) }
    const at = await listen()
    running.push({ stop: () => new Promise(resolve => at.server.close(resolve)) })
    expect(() => makeMesh('n3', at, {}, tooLong)).toThrow('the terms are too long')
  })

  test('[MS6] the dialler sees it, too, when the other end is not the node it wanted', async () => {
    const at = await listen()
    const [other] = await Promise.all([listen()])
    const wrong = makeMesh('n3', other, { n1: at.port })
    const a = makeMesh('n1', at, { n2: other.port })
    running.push(wrong, a)
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
})

describe('frames on a link', () => {
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
    const sent = Array.from({ length: 300 }, (_, index) =>
      envelope(n1, n2, { index, body: 'x'.repeat(1_000) }),
    )
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
})

describe('heartbeats', () => {
  test('[MS12] measure the round trip', async () => {
    const [a, b] = await connected()
    await until(() => a.link(n2).rttMs !== undefined && b.link(n1).rttMs !== undefined, 'a round trip')
    expect(a.link(n2).rttMs).toBeGreaterThanOrEqual(0)
  })

  test('[MS15] a cut in one direction makes the receiver suspect the sender, and heals', async () => {
    const [a, b] = await connected()
    await until(() => b.link(n1).rttMs !== undefined, 'heartbeats flow')
    b.faults.add({
      id: 'cut',
      from: n1,
      to: n2,
      action: 'cut',
      probability: 1,
      delayMs: 0,
      jitterMs: 0,
      seed: 1,
    })
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
    a.faults.add({
      id: 'cut',
      from: n2,
      to: n1,
      action: 'cut',
      probability: 1,
      delayMs: 0,
      jitterMs: 0,
      seed: 1,
    })
    await b.mesh.stop()
    const again = makeMesh('n2', b, { n1: a.port })
    running.push(again)
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
    b.faults.add({
      id: 'cut',
      from: n1,
      to: n2,
      action: 'cut',
      probability: 1,
      delayMs: 0,
      jitterMs: 0,
      seed: 1,
    })
    await a.mesh.stop()
    let waits = 0
    const random = () => {
      waits++
      return 0.5
    }
    const again = makeMesh('n1', a, { n2: b.port }, { random })
    running.push(again)
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
})
