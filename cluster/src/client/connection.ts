/**
 * One WebSocket to one node of several: pipelined, and after a loss reconnected to the next node, where everything
 * unanswered is sent again. Requests carry their own ids, so that a repeat is safe.
 */
import { decodeReceived, encode } from '@synod/runtime/protocol'
import { WebSocket } from 'ws'

interface Waiting {
  readonly request: unknown
  readonly resolve: (answered: Answered) => void
  readonly timer: NodeJS.Timeout
}

/** What a call resolves to when its deadline passed without an answer; `sent` says whether a node may have seen it. */
export interface NoAnswer {
  readonly type: 'noAnswer'
  readonly sent: boolean
}
export interface Answered {
  /** The node's answer, or `NoAnswer`. */
  readonly answer: unknown
  /** Sent more than once: the answer is to the last time, and says nothing of what the times before have done. */
  readonly resent: boolean
}

const backoffMs = { first: 20, most: 1_000 } as const
/** While something is asked: a node that is silent for longer is taken for lost. A busy one still answers a ping. */
const silenceMs = { ping: 1_000, most: 5_000 } as const

export class Connection {
  readonly #urls: readonly string[]
  readonly #waiting = new Map<number, Waiting>()
  /** How often a request was sent. */
  readonly #sent = new Map<number, number>()
  #outgoing: [number, unknown][] = []
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

  /** Resolves with the node's answer, or with `NoAnswer` after `deadlineMs`. Never rejects. */
  call(request: unknown, deadlineMs: number): Promise<Answered> {
    if (this.#closed) {
      const answer: NoAnswer = { type: 'noAnswer', sent: false }
      return Promise.resolve({ answer, resent: false })
    }
    const number = this.#next++
    return new Promise(resolve => {
      const timer = setTimeout(() => this.#settle(number, this.#noAnswer(number)), deadlineMs)
      this.#waiting.set(number, { request, resolve, timer })
      this.#post(number, request)
    })
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    clearInterval(this.#pings)
    for (const number of [...this.#waiting.keys()]) this.#settle(number, this.#noAnswer(number))
    this.#socket?.close()
  }

  #noAnswer(number: number): NoAnswer {
    return { type: 'noAnswer', sent: this.#sent.has(number) }
  }

  #settle(number: number, answer: unknown): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    const resent = (this.#sent.get(number) ?? 0) > 1
    this.#waiting.delete(number)
    this.#sent.delete(number)
    clearTimeout(waiting.timer)
    waiting.resolve({ answer, resent })
  }

  #dial(): void {
    const url = this.#urls[this.#at] ?? ''
    const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/$/, '')}/client`, {
      perMessageDeflate: false,
      handshakeTimeout: silenceMs.most,
      ...(this.#token === undefined ? {} : { headers: { Authorization: `Bearer ${this.#token}` } }),
    })
    this.#socket = socket
    socket.on('open', () => {
      this.#backoff = backoffMs.first
      this.#heardAt = performance.now()
      for (const [number, { request }] of this.#waiting) this.#post(number, request)
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

  /** Requests of one round of the event loop leave as one frame. */
  #post(number: number, request: unknown): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return
    if (this.#outgoing.length === 0) setImmediate(() => this.#flush())
    this.#outgoing.push([number, request])
  }

  #flush(): void {
    const frame = this.#outgoing.filter(([number]) => this.#waiting.has(number))
    this.#outgoing = []
    if (frame.length === 0 || this.#socket?.readyState !== WebSocket.OPEN) return
    for (const [number] of frame) this.#sent.set(number, (this.#sent.get(number) ?? 0) + 1)
    this.#socket.send(encode(frame))
  }
}
