/**
 * Every route of a real node gets requests drawn from its own OpenAPI document. Whatever comes: no 500, no crash, and
 * each answer is what the document says of it.
 */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { RealCluster, until } from './cluster.fixture.ts'
import {
  type DocumentedRoute,
  type DrawnRequest,
  type OpenApi,
  requestOf,
  routesOf,
} from './openapi.fixture.ts'
import { call } from './shop.fixture.ts'

const runsPerRoute = Number(process.env.FUZZ_RUNS ?? 40)

let cluster: RealCluster
let pids: readonly (number | null)[]
let document: OpenApi
beforeAll(async () => {
  cluster = await RealCluster.start('--nodes', '1')
  pids = (await cluster.nodes()).map(({ pid }) => pid)
  document = (await (await fetch(`${cluster.url(0)}/openapi.json`)).json()) as OpenApi
  for (const path of ['/stock/batch_init/5/10/1', '/payment/batch_init/5/10', '/orders/batch_init/5/5/5/1']) {
    expect((await call('POST', cluster.url(0) + path)).status).toBe(200)
  }
})
afterAll(() => cluster?.destroy())
afterEach(async () => {
  expect((await cluster.nodes()).map(({ pid }) => pid)).toEqual(pids)
  expect((await call('POST', `${cluster.url(0)}/payment/create_user`)).status).toBe(200)
  const log = readFileSync(join(cluster.data, 'n1', 'node.log'), 'utf8').split('\n')
  expect(log.filter(line => /"level":[56]0/.test(line)).slice(0, 2)).toEqual([])
})

async function send({ method, path, headers, body }: DrawnRequest): Promise<Response> {
  const { hostname, port } = new URL(cluster.url(0))
  // Not fetch, which would mend the path on the way.
  const answer = rawAnswer(await exchange(Number(port), hostname, requestText(method, path, headers, body)))
  if (answer === undefined) throw new Error('the connection ended without an answer')
  return answer
}

function requestText(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  return `${method} ${path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n${lines.join('')}${length}\r\n${body ?? ''}`
}

/** Sends bytes; resolves to all that came back until the node closed the connection. */
function exchange(port: number, host: string, bytes: string | Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = []
    const socket = connect(port, host, () => socket.write(bytes))
    socket.setTimeout(30_000, () => socket.destroy(new Error('the node neither answers nor closes')))
    socket.on('data', data => received.push(data))
    socket.on('error', error =>
      // A node that refuses a large body does not read the rest of it.
      'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        ? resolve(Buffer.concat(received))
        : reject(error),
    )
    socket.on('close', () => resolve(Buffer.concat(received)))
  })
}

/** Undefined: nothing came. */
function rawAnswer(bytes: Buffer): Response | undefined {
  if (bytes.length === 0) return undefined
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = new Headers(lines.map(line => line.split(/: (.*)/s).slice(0, 2) as [string, string]))
  const body = bytes.subarray(end + 4)
  const whole = headers.get('transfer-encoding') === 'chunked' ? unchunked(body) : body
  return new Response(whole.toString(), { status: Number(first.split(' ')[1]), headers })
}

function unchunked(body: Buffer): Buffer {
  const end = body.indexOf('\r\n')
  const size = Number.parseInt(body.toString('latin1', 0, end), 16)
  if (size === 0) return Buffer.alloc(0)
  const next = end + 2 + size
  return Buffer.concat([body.subarray(end + 2, next), unchunked(body.subarray(next + 2))])
}

/** What every answer owes, and what the route's documentation promises beyond. */
async function judge(
  response: Response,
  responses: Readonly<Record<string, { readonly content: object }>>,
): Promise<void> {
  const type = response.headers.get('content-type') ?? ''
  expect(Object.keys(responses)).toContain(String(response.status))
  expect(response.status).not.toBe(500)
  // A path that a strange parameter changed is answered by a route of which this one says nothing.
  const media = Object.keys(responses[response.status]?.content ?? {})
  if (media.length > 0) expect(media).toContain(type.split(';')[0])
  if (response.status < 400) {
    expect(type).toMatch(/^(application\/json|text\/plain)/)
    return
  }
  expect(type).toBe('application/problem+json')
  const problem = (await response.json()) as Record<string, unknown>
  expect(problem).toMatchObject({
    type: expect.stringMatching(/^urn:synod:problem:[a-z-]+$/),
    title: expect.stringMatching(/\w/),
    status: response.status,
    detail: expect.stringMatching(/\w/),
  })
  if (response.status === 503) expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
  if (response.status === 405) expect(response.headers.get('allow')).toMatch(/^[A-Z]+(, [A-Z]+)*$/)
}

/** A path that a strange parameter changed belongs to another route, or to none. */
const elsewhere = { 404: { content: {} }, 405: { content: {} } }

test('every route answers as documented, whatever comes', async () => {
  const routes = routesOf(document)
  expect(routes.length).toBeGreaterThan(30)
  for (const route of routes) await fuzz(route)
})

async function fuzz(route: DocumentedRoute): Promise<void> {
  const responses = { ...elsewhere, ...route.operation.responses }
  await fc.assert(
    fc.asyncProperty(requestOf(route), async request => judge(await send(request), responses)),
    { numRuns: runsPerRoute, interruptAfterTimeLimit: 60_000 },
  )
}

test('any method on any path is answered', async () => {
  const request = fc.record({
    method: fc.constantFrom(
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'DELETE',
      'PATCH',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'M-SEARCH',
    ),
    path: fc.oneof(
      fc.webPath().map(path => path || '/'),
      fc.constantFrom(
        '*',
        '//',
        '/.',
        '/admin',
        '/admin/log/x',
        '/admin/faults',
        '/mesh',
        '/client',
        '/api',
        'http://other/healthz',
      ),
    ),
    headers: fc.constant({}),
    body: fc.constant(undefined),
  })
  const any = Object.fromEntries([200, 400, 401, 403, 404, 405, 503].map(status => [status, { content: {} }]))
  await fc.assert(
    fc.asyncProperty(request, async drawn => {
      const response = await send(drawn)
      if (drawn.method === 'HEAD') expect(response.status).toBeLessThan(500)
      else await judge(response, any)
    }),
    { numRuns: 2 * runsPerRoute },
  )
})

describe('what is not HTTP', () => {
  const cases: readonly [what: string, bytes: string | Buffer, status: number | undefined][] = [
    ['prose', 'HELLO\r\n\r\n', 400],
    ['bytes', Buffer.from([0, 1, 2, 255, 13, 10, 13, 10]), 400],
    ['a TLS hello', Buffer.from('160301008b0100008703030000', 'hex'), 400],
    ['headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(200_000)}`, 431],
    ['a thousand headers', `GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(3_000)}\r\n`, 431],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['a host that is none', 'GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
    ['two lengths', 'POST /tx HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    [
      'length and chunks',
      'POST /tx HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a negative length', 'POST /tx HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400],
    [
      'a chunk of no size',
      'POST /tx HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      undefined,
    ],
    ['a newer version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 400],
    ['a header without name', 'GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
    [
      'an upgrade to nowhere',
      'GET // HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      404,
    ],
    [
      'an upgrade without a key',
      'GET /client HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      400,
    ],
  ]
  test.for(cases)('%s is refused, and the connection ends', async ([, bytes, status]) => {
    const { port, hostname } = new URL(cluster.url(0))
    expect(rawAnswer(await exchange(Number(port), hostname, bytes))?.status).toBe(status)
  })

  test('garbage behind a request is never taken for its answer', async () => {
    const { port, hostname } = new URL(cluster.url(0))
    for (let times = 0; times < 20; times++) {
      const bytes = await exchange(
        Number(port),
        hostname,
        `POST /payment/create_user HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\x00\r\n\r\n`,
      )
      // Answered, or cut off: nothing that says that it did not happen.
      expect(['', 'HTTP/1.1 200']).toContain(bytes.toString('latin1').slice(0, 12))
    }
  })

  test('bodies that never come keep nobody out', async () => {
    const { port, hostname } = new URL(cluster.url(0))
    const waiting = Array.from({ length: 200 }, () => connect(Number(port), hostname))
    for (const socket of waiting) {
      socket.on('error', () => undefined)
      socket.write('POST /tx HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{')
    }
    await until(
      'a request is answered beside them',
      async () => (await call('POST', `${cluster.url(0)}/payment/create_user`)).status === 200,
    )
    for (const socket of waiting) socket.destroy()
  })
})
