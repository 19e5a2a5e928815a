/**
 * One WebSocket to one node of several: pipelined, and after a loss reconnected to the next node, where everything
 * unanswered is sent again. Requests carry their own ids, so that a repeat is safe.
 */
import { decodeReceived, encode, SlabMap } from '@synod/runtime/protocol'
import { WebSocket } from 'ws'
import { socketLimits } from '../gateway/socket-codes.ts'

interface Waiting {
  readonly request: unknown
  readonly done: Done
  readonly due: number
  /** How often it was sent, and over which socket last. */
  sends: number
  over: WebSocket | undefined
}

/**
 * `resent`: the request was sent more than once, and the answer is to the last time: it says nothing of what the times
 * before have done.
 */
export type Done = (answer: unknown, resent: boolean) => void

/** What a call resolves to when its deadline passed without an answer; `sent` says whether a node may have seen it. */
export interface NoAnswer {
  readonly type: 'noAnswer'
  readonly sent: boolean
}

const backoffMs = { first: 20, most: 1_000 } as const
/** While something is asked: a node that is silent for longer is taken for lost. A busy one still answers a ping. */
const silenceMs = { ping: 1_000, most: 5_000 } as const

/** Within what a node takes (`socketLimits`). */
const most = { inFlight: socketLimits.waiting / 2, inFrame: socketLimits.inFrame / 2 } as const

type Pair = readonly [number: number, request: unknown]

export class Connection {
  readonly #urls: readonly string[]
  readonly #waiting = new SlabMap<number, Waiting>()
  /** To be sent, in order: a node takes so many at a time, the others wait here. */
  #outgoing: number[] = []
  #flushing = false
  /** Sent over the present socket, without an answer. */
  #inFlight = 0
  #socket: WebSocket | undefined
  #next = 0
  #at: number
  #backoff: number = backoffMs.first
  #retry: NodeJS.Timeout | undefined
  #closed = false
  readonly #preferred: number
  #node: string | undefined
  readonly #token: string | undefined
  readonly #pings: NodeJS.Timeout
  /** When the socket was opened, heard, or had nothing to answer. */
  #heardAt = 0
  #listenedAt = 0
  /** One timer for all deadlines: it is set again when one is earlier, and when it has fired. */
  #expiry: NodeJS.Timeout | undefined
  #expiresAt = Number.POSITIVE_INFINITY

  constructor(urls: readonly string[], startAt: number, token?: string) {
    this.#urls = urls
    this.#preferred = startAt % urls.length
    this.#at = this.#preferred
    this.#token = token
    this.#pings = setInterval(() => this.#listen(), silenceMs.ping)
    this.#dial()
  }

  /** The node at the other end; undefined while that is not known. */
  get node(): string | undefined {
    return this.#node
  }

  /** What the node at the other end said that it is. */
  arrivedAt(node: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#node = node
  }

  /** Back to the node that it was made for, which may be there again: when nothing waits here. */
  returnWhenIdle(): void {
    if (this.#at === this.#preferred || this.#waiting.size > 0) return
    this.#at = (this.#preferred + this.#urls.length - 1) % this.#urls.length
    this.#socket?.close()
  }

  /** `done` gets the node's answer, or `NoAnswer` after `deadlineMs`; once, and not before this returns. */
  call(request: unknown, deadlineMs: number, done: Done): void {
    if (this.#closed) {
      queueMicrotask(() => done({ type: 'noAnswer', sent: false } satisfies NoAnswer, false))
      return
    }
    const number = this.#next++
    const due = performance.now() + deadlineMs
    this.#waiting.set(number, { request, done, due, sends: 0, over: undefined })
    this.#expireAt(due)
    this.#post(number)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    clearTimeout(this.#expiry)
    clearInterval(this.#pings)
    for (const [number, waiting] of this.#waiting) this.#giveUp(number, waiting)
    this.#socket?.close()
  }

  #expireAt(due: number): void {
    if (due >= this.#expiresAt) return
    clearTimeout(this.#expiry)
    this.#expiresAt = due
    this.#expiry = setTimeout(() => this.#expire(), Math.max(0, due - performance.now()))
  }

  #expire(): void {
    const now = performance.now()
    this.#expiresAt = Number.POSITIVE_INFINITY
    let earliest = Number.POSITIVE_INFINITY
    for (const [number, waiting] of this.#waiting) {
      if (waiting.due <= now) this.#giveUp(number, waiting)
      else earliest = Math.min(earliest, waiting.due)
    }
    this.#expireAt(earliest)
  }

  #giveUp(number: number, { sends }: Waiting): void {
    this.#settle(number, { type: 'noAnswer', sent: sends > 0 } satisfies NoAnswer)
  }

  #settle(number: number, answer: unknown): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    this.#waiting.delete(number)
    if (waiting.over !== undefined && waiting.over === this.#socket) {
      this.#inFlight--
      if (this.#outgoing.length > 0) this.#flushSoon()
    }
    waiting.done(answer, waiting.sends > 1)
  }

  #dial(): void {
    const url = this.#urls[this.#at] ?? ''
    const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/$/, '')}/client`, {
      perMessageDeflate: false,
      handshakeTimeout: silenceMs.most,
      ...(this.#token === undefined ? {} : { headers: { Authorization: `Bearer ${this.#token}` } }),
    })
    this.#socket = socket
    this.#inFlight = 0
    socket.on('open', () => {
      this.#backoff = backoffMs.first
      this.#heardAt = performance.now()
      for (const number of this.#waiting.keys()) this.#post(number)
    })
    socket.on('pong', () => {
      this.#heardAt = performance.now()
    })
    socket.on('message', (data: Buffer) => {
      this.#heardAt = performance.now()
      for (const [number, answer] of decodeReceived(data) as [number, unknown][]) this.#settle(number, answer)
    })
    // The reason is in the close that always follows; what waits is sent again on the next connection.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#lost(socket))
  }

  /** A link that is cut, or a machine that is gone, ends no connection: only silence tells. */
  #listen(): void {
    const now = performance.now()
    // What arrived while this process was held up is read after its timers: that was not silence.
    const wasAway = now - this.#listenedAt > 2 * silenceMs.ping
    this.#listenedAt = now
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return
    if (this.#waiting.size === 0 || wasAway) this.#heardAt = now
    if (now - this.#heardAt > silenceMs.most) socket.terminate()
    else socket.ping()
  }

  #lost(socket: WebSocket): void {
    if (this.#closed || socket !== this.#socket) return
    this.#outgoing = []
    this.#node = undefined
    this.#at = (this.#at + 1) % this.#urls.length
    this.#retry = setTimeout(() => this.#dial(), this.#backoff * (0.5 + Math.random()))
    this.#backoff = Math.min(this.#backoff * 2, backoffMs.most)
  }

  #post(number: number): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return
    this.#outgoing.push(number)
    this.#flushSoon()
  }

  /** Requests of one round of the event loop leave as one frame. */
  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return
    const room = Math.min(most.inFlight - this.#inFlight, most.inFrame)
    const numbers = this.#outgoing.splice(0, room)
    const frame: Pair[] = []
    for (const number of numbers) {
      const waiting = this.#waiting.get(number)
      if (waiting !== undefined) frame.push([number, waiting.request])
    }
    if (frame.length > 0) this.#send(socket, frame)
    if (this.#outgoing.length > 0 && this.#inFlight < most.inFlight) this.#flushSoon()
  }

  /** In two frames where one would be too large. What is too large alone would end the connection, again and again. */
  #send(socket: WebSocket, frame: readonly Pair[]): void {
    const bytes = encode(frame)
    if (bytes.byteLength <= socketLimits.frameBytes) {
      for (const [number] of frame) this.#sent(socket, number)
      socket.send(bytes)
      return
    }
    const half = frame.length >>> 1
    if (half > 0) {
      this.#send(socket, frame.slice(0, half))
      this.#send(socket, frame.slice(half))
      return
    }
    const detail = `a request of ${bytes.byteLength} bytes; at most ${socketLimits.frameBytes} can be sent at once`
    for (const [number] of frame) this.#settle(number, { type: 'failed', status: 'invalid', detail })
  }

  #sent(socket: WebSocket, number: number): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    waiting.sends++
    waiting.over = socket
    this.#inFlight++
  }
}
