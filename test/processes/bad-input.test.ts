/** What no client should send: each is answered or cut off, and the node goes on serving. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { cli, RealCluster } from './cluster.fixture.ts'
import { call, Shop } from './shop.fixture.ts'

let cluster: RealCluster
beforeAll(async () => {
  cluster = await RealCluster.start()
})
afterAll(() => cluster?.destroy())
afterEach(async () => {
  // The same processes, still serving.
  expect((await cluster.nodes()).map(({ state }) => state)).toEqual(['ready', 'ready', 'ready'])
  expect((await call('POST', `${cluster.url(0)}/payment/create_user`)).status).toBe(200)
})

/** Sends bytes; resolves to what came back before the node closed the connection. */
function raw(bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(cluster.url(0))
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.setTimeout(30_000, () => socket.destroy(new Error('the node neither answers nor closes')))
    socket.on('data', data => {
      received += data.toString('latin1')
    })
    socket.on('error', error =>
      'code' in error && error.code === 'ECONNRESET' ? resolve(received) : reject(error),
    )
    socket.on('close', () => resolve(received))
  })
}

async function hears(socket: Socket, what: RegExp): Promise<void> {
  let received = ''
  const signal = AbortSignal.timeout(15_000)
  while (!what.test(received)) received += (await once(socket, 'data', { signal }))[0]
}

test('a request line that is not HTTP is answered 400 and the connection closed', async () => {
  expect(await raw('HELLO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  expect(await raw(Buffer.from([0, 1, 2, 255, 13, 10, 13, 10]))).toMatch(/^HTTP\/1\.1 400 /)
})

test('headers without end are refused', async () => {
  expect(await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(200_000)}`)).toMatch(/^HTTP\/1\.1 431 /)
})

test('a huge body is refused as too large', async () => {
  const response = await fetch(`${cluster.url(0)}/kv/kv/big`, {
    method: 'PUT',
    body: JSON.stringify('x'.repeat(3_000_000)),
  })
  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({ type: 'urn:synod:problem:too-large' })
})

test.for(['Content-Length', 'Transfer-Encoding'])(
  'who sends all of a huge body (%s) before reading anything reads why it is refused',
  async framing => {
    const bytes = 16 * 1024 * 1024
    const body = 'x'.repeat(bytes)
    const [value, framed] =
      framing === 'Content-Length'
        ? [bytes, body]
        : ['chunked', `${bytes.toString(16)}\r\n${body}\r\n0\r\n\r\n`]
    const head = `PUT /kv/kv/big HTTP/1.1\r\nHost: here\r\nConnection: close\r\n${framing}: ${value}\r\n\r\n`
    expect(await raw(head + framed)).toMatch(/^HTTP\/1\.1 413 .*a body may have 1048576 bytes/s)
  },
)

test('who goes on sending a huge body may read why it is refused', async () => {
  const { hostname, port } = new URL(cluster.url(0))
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  socket.write(
    `PUT /kv/kv/big HTTP/1.1\r\nHost: here\r\nContent-Length: 16777216\r\n\r\n${'x'.repeat(100_000)}`,
  )
  await hears(socket, /HTTP\/1\.1 413 .*a body may have 1048576 bytes/s)
  socket.write('x'.repeat(16_777_216 - 100_000))
  socket.write('GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n')
  await hears(socket, /HTTP\/1\.1 200 /)
})

test.for([
  '/admin/status',
  '/x/../admin/status',
  '/./admin/status',
  '/%2e/admin/status',
  '/a/%2E%2e/admin/status',
  '/healthz/../admin/status',
  '/x\\..\\admin/status',
  '/%61dmin/status',
  '//admin/status',
  'http://here/admin/status',
])('GET %s on behalf of somebody else needs the admin token, however it is spelled', async target => {
  const answer = await raw(
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 10.0.0.9\r\nConnection: close\r\n\r\n`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 (400|401|404) /)
  expect(answer).not.toContain('members')
})

test.for([
  ['POST', '/stock/item/create/-5', 400],
  ['POST', '/stock/item/create/1.5', 400],
  ['POST', '/stock/item/create/9007199254740993', 400],
  ['POST', '/orders/addItem/a/b/0', 400],
  ['POST', '/payment/add_funds/%00/1', 400],
  ['POST', '/payment/add_funds/%E0%A4%A/1', 400],
  ['POST', `/payment/add_funds/${'u'.repeat(500)}/1`, 400],
  ['POST', '/stock/batch_init/99999999/1/1', 400],
  ['DELETE', '/stock/item/create/5', 405],
  ['GET', '/nothing/here', 404],
] as const)('%s %s is answered %i, as a problem that says why', async ([method, path, expected]) => {
  const { status, body } = await call(method, cluster.url(0) + path)
  expect(status).toBe(expected)
  expect(body).toMatchObject({ status: expected, detail: expect.stringMatching(/\w/) })
})

test.for(['/client', '/mesh'])('bytes that are no frame close a socket on %s, not the node', async path => {
  const socket = new WebSocket(cluster.url(0).replace('http', 'ws') + path)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  const closed = new Promise<number>(resolve => {
    socket.onclose = ({ code }) => resolve(code)
  })
  socket.send(new Uint8Array([255, 1, 2, 3]))
  expect(await closed).toBeGreaterThanOrEqual(4000)
})

test('commands refuse what makes no sense, with exit code 2', async () => {
  const wrong = [
    ['load', 'shopp'],
    ['load', '--users', '0'],
    ['load', 'shop', '--history', 'file'],
    ['verify', '--history', '/nowhere/history.jsonl'],
    ['verify', '--wat'],
  ]
  for (const [verb = '', ...args] of wrong) {
    expect([verb, ...args, (await cli(verb, ...args, '--data', cluster.data)).code]).toEqual([
      verb,
      ...args,
      2,
    ])
  }
})

test('the shop is whole after all of this', async () => {
  const shop = new Shop(cluster)
  const order = await shop.createOrder(await shop.createUser(3), [await shop.createItem(3, 1), 1])
  expect((await shop.post(`/orders/checkout/${order}`)).status).toBe(200)
  await cluster.verified()
})
