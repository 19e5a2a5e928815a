/**
 * A keep-alive HTTP/1.1 connection for the load generator, one request in flight. The generator shares the machine
 * with the nodes that it measures, so that its own cost counts. Measured with 64 connections against `/healthz`: 28 µs
 * of CPU per request, where `node:http` with a keep-alive agent takes 54 µs and `fetch` 173 µs.
 * It knows only what the nodes send: a status line, headers, and a body by Content-Length or in chunks.
 */
import { connect, type Socket } from 'node:net'

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

/** The connection was lost, or what came is not HTTP. `sent`: the node may have seen the request. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
  readonly sent: boolean
  constructor(message: string, sent: boolean) {
    super(message)
    this.sent = sent
  }
}

interface Waiting {
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (error: ConnectionLost) => void
}

/** Nodes close what is idle for 75 s; a request must not meet that. */
const idleMs = 60_000
const maxAnswerBytes = 16 * 1024 * 1024

export class HttpConnection {
  readonly #host: string
  readonly #port: number
  #socket: Socket | undefined
  #waiting: Waiting | undefined
  #received = ''
  #timer: NodeJS.Timeout | undefined
  #connected = false
  #usedAt = 0
  #closed = false

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = Number(port)
  }

  /** Rejects with `ConnectionLost`; the next request dials anew. */
  request(method: string, path: string, timeoutMs: number, headers = ''): Promise<HttpAnswer> {
    if (this.#waiting !== undefined) throw new Error('one request at a time')
    if (this.#closed) return Promise.reject(new ConnectionLost('closed', false))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#timer = setTimeout(() => this.#lost(`no answer within ${timeoutMs} ms`), timeoutMs)
      const length = method === 'GET' ? '' : 'Content-Length: 0\r\n'
      this.#open().write(
        `${method} ${path} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\n${headers}${length}\r\n`,
      )
    })
  }

  /** For good: what waits is rejected, and so is what comes. */
  close(): void {
    this.#closed = true
    this.#lost('closed')
  }

  #open(): Socket {
    if (performance.now() - this.#usedAt > idleMs) this.#drop()
    if (this.#socket !== undefined) return this.#socket
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true })
    // Answers of the shop are ASCII; a byte is a character, so that lengths agree whatever else comes.
    socket.setEncoding('latin1')
    socket.on('connect', () => {
      if (socket === this.#socket) this.#connected = true
    })
    socket.on('data', (data: string) => this.#receive(data))
    socket.on('error', error => socket === this.#socket && this.#lost(error.message))
    socket.on('close', () => socket === this.#socket && this.#lost('the node closed the connection'))
    this.#socket = socket
    return socket
  }

  #receive(data: string): void {
    this.#received = this.#received === '' ? data : this.#received + data
    const answer = parseAnswer(this.#received)
    if (answer === undefined && this.#received.length > maxAnswerBytes) {
      this.#lost(`an answer of more than ${maxAnswerBytes} bytes`)
    } else if (answer === 'bad' || (answer !== undefined && answer.end !== this.#received.length)) {
      this.#lost('not an answer in HTTP/1.1')
    } else if (answer !== undefined) {
      const waiting = this.#settle()
      if (answer.close) this.#drop()
      waiting?.resolve(answer)
    }
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    this.#received = ''
    this.#usedAt = performance.now()
    clearTimeout(this.#timer)
    return waiting
  }

  #drop(): boolean {
    const connected = this.#connected
    this.#socket?.destroy()
    this.#socket = undefined
    this.#connected = false
    return connected
  }

  #lost(why: string): void {
    const sent = this.#drop()
    this.#settle()?.reject(new ConnectionLost(why, sent))
  }
}

interface Parsed extends HttpAnswer {
  /** Where the answer ends in the text. */
  readonly end: number
  readonly close: boolean
}

/** Undefined: there is more to come. */
export function parseAnswer(text: string): Parsed | 'bad' | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const status = /^HTTP\/1\.[01] (\d{3}) /.exec(text)
  if (status === null) return 'bad'
  const head = text.slice(0, headEnd)
  const close = /\r\nconnection: close/i.test(head)
  const found = { status: Number(status[1]), close }
  const length = /\r\ncontent-length: (\d+)/i.exec(head)
  if (length !== null) {
    const end = headEnd + 4 + Number(length[1])
    return text.length < end ? undefined : { ...found, body: text.slice(headEnd + 4, end), end }
  }
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return 'bad'
  const chunks = parseChunks(text, headEnd + 4)
  return typeof chunks === 'object' ? { ...found, ...chunks } : chunks
}

function parseChunks(text: string, from: number): { body: string; end: number } | 'bad' | undefined {
  let at = from
  let body = ''
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (!(size >= 0)) return 'bad'
    const next = lineEnd + 2 + size + 2
    if (text.length < next) return undefined
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = next
    if (size === 0) return { body, end: next }
  }
}
