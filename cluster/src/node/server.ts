/** The one port of a node: HTTP for clients and operators, and the upgrades of mesh links and client sockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { type ProblemType, problemText } from '../gateway/problem.ts'
import { type Caller, deny, type Tokens } from './access.ts'
import { listenWide } from './listen.ts'

type Requested = Pick<IncomingMessage, 'url'>
export type Fetch = (request: Request, env: { readonly incoming: Requested }) => Response | Promise<Response>

export interface NodeServer {
  readonly server: Server
  /** Throws `Failure`. */
  listen(host: string, port: number): Promise<void>
  /** Until then every path but `/healthz` is answered 503. `isBusy`: a request of this path is refused at the door. */
  serve(fetch: Fetch, isBusy?: (path: string) => boolean): void
  /** Paths whose upgrades somebody takes; others are refused. */
  readonly upgrades: Set<string>
  /** Takes nothing new; resolves when all that was taken is answered, or the time is up. */
  drain(withinMs: number): Promise<void>
}

/** Clients that keep connections open longer than this close them first: none is cut while a request is on its way. */
export const keepAliveMs = 75_000

export function createNodeServer(node: string, tokens: Tokens): NodeServer {
  let fetch: Fetch = request => starting(node, new URL(request.url).pathname)
  const listener = getRequestListener((request, env) => fetch(request, env), { errorHandler: badRequest })
  let isBusy = (_path: string) => false
  const upgrades = new Set<string>()
  const work = new Work()
  const crowded = refusalOf({
    status: 503,
    type: 'overloaded',
    detail: `node ${node} has too many requests waiting`,
  })
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    // First, and without a look at the headers: in a flood this is most of what a node does.
    if (work.refusal === undefined && isBusy(pathOf(request))) {
      answer(response, crowded)
      return
    }
    const denied = deny(callerOf(request), tokens) ?? work.refusal
    if (denied !== undefined) {
      refuse(response, denied)
      return
    }
    work.begin(response)
    void listener(request, response)
  })
  server.on('clientError', answerGarbage)
  // First in line: links and client sockets attach their own listeners, which see what this one lets through.
  server.prependListener('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const caller = callerOf(request)
    const denied = deny(caller, tokens)
    if (denied !== undefined) closeUpgrade(socket, denied.status)
    else if (!upgrades.has(caller.path)) closeUpgrade(socket, 404)
  })
  let closeOthers: () => void = () => undefined
  return {
    server,
    async listen(host, port) {
      closeOthers = await listenWide(server, host, port)
    },
    serve(next, busy = isBusy) {
      fetch = next
      isBusy = busy
    },
    upgrades,
    drain(withinMs) {
      server.close()
      closeOthers()
      server.closeIdleConnections()
      return work.end(withinMs)
    },
  }
}

interface Refusal {
  readonly status: 401 | 403 | 503
  readonly detail: string
  /** Where it is not the status's own. */
  readonly type?: ProblemType
  /** Nothing more is taken on this connection. */
  readonly last?: true
}

/** Requests that were taken and not answered yet. */
class Work {
  refusal: Refusal | undefined
  #open = 0
  #idle: () => void = () => undefined

  begin(response: ServerResponse): void {
    this.#open += 1
    response.once('close', () => {
      this.#open -= 1
      if (this.#open === 0) this.#idle()
    })
  }

  end(withinMs: number): Promise<void> {
    this.refusal = { status: 503, detail: 'this node is stopping; ask another', last: true }
    if (this.#open === 0) return Promise.resolve()
    return new Promise(resolve => {
      setTimeout(resolve, withinMs)
      this.#idle = resolve
    })
  }
}

/**
 * As it was sent, which is what a caller is judged by. A `Request` has resolved its dots (`/x/../admin`): whoever
 * decides by the path what is shown must ask here.
 */
export function pathOf({ url = '/' }: Requested): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

export function callerOf(request: IncomingMessage): Caller {
  return {
    method: request.method ?? 'GET',
    path: pathOf(request),
    remoteAddress: request.socket.remoteAddress ?? '',
    headers: request.headers,
  }
}

function starting(node: string, path: string): Response {
  if (path === '/healthz') return Response.json({ status: 'alive', node })
  return new Response(problemText(503, 'unavailable', `node ${node} is starting`), {
    status: 503,
    headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '1' },
  })
}

/** What has a request line and headers, and yet is no request: no host, an address that is none. */
export function badRequest(error: unknown): Response {
  const detail = `this is not a request that can be served: ${error instanceof Error ? error.message : String(error)}`
  return new Response(problemText(400, 'bad-request', detail), {
    status: 400,
    headers: { 'Content-Type': 'application/problem+json' },
  })
}

const garbage: Readonly<Record<string, readonly [status: number, type: ProblemType, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'too-large', 'the headers are too large: 16 KiB in all'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'too-large', 'the chunk extensions are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'too-slow', 'the request did not arrive in time'],
}

/** Time for the client to read why. */
const lingerMs = 1_000

/** What came is not HTTP: said in HTTP where nothing else is being answered, and the connection ended. */
export function answerGarbage(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Behind a request whose answer is still to come, a 400 would be taken for that answer, and say that nothing
  // happened.
  const { _httpMessage: answering } = socket as Duplex & { readonly _httpMessage?: unknown }
  if (!socket.writable || error.code === 'ECONNRESET' || (answering ?? undefined) !== undefined) {
    socket.destroy()
    return
  }
  const [status, type, detail] = garbage[error.code ?? ''] ?? [
    400,
    'bad-request',
    'what came is not HTTP/1.1',
  ]
  const body = problemText(status, type, detail)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

const types = { 401: 'unauthorized', 403: 'forbidden', 503: 'unavailable' } as const

export function refuse(response: ServerResponse, refusal: Refusal): void {
  answer(response, refusalOf(refusal))
}

/** Ready to be sent, any number of times. */
interface Answer {
  readonly status: number
  /** Names and values in turn, which Node writes as they are. */
  readonly headers: string[]
  readonly body: string
}

function refusalOf({ status, detail, type, last }: Refusal): Answer {
  const body = problemText(status, type ?? types[status], detail)
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
    ...(last === true ? { Connection: 'close' } : {}),
  }
  return { status, headers: Object.entries(headers).flat(), body }
}

function answer(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers)
  response.end(body)
}

/** The next listeners still see the request, but a socket that is no longer writable: `ws` gives up on it. */
function closeUpgrade(socket: Duplex, status: number): void {
  const reason = status === 404 ? 'Not Found' : status === 401 ? 'Unauthorized' : 'Forbidden'
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
