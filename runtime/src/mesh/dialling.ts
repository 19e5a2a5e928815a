/** How a link to one peer begins: dialled from here, again and again until it is there, or begged for by a knock. */
import { WebSocket } from 'ws'
import { Backoff } from './backoff.ts'
import { greet } from './greeting.ts'
import type { Handshake, Met } from './handshake.ts'
import type { MeshLimits } from './options.ts'

export interface DiallingPorts {
  readonly url: string
  readonly limits: MeshLimits
  /** A connection cannot be made: tried again later. */
  isCut(): boolean
  handshake(): Handshake
  met(socket: WebSocket, met: Met): void
  /** A dial ended without a link; the reason may be empty. */
  failed(code: number, reason: string): void
  random(): number
}

export class Dialling {
  readonly #ports: DiallingPorts
  readonly #backoff: Backoff
  #socket: WebSocket | undefined
  #redial: NodeJS.Timeout | undefined
  #stopped = false

  constructor(ports: DiallingPorts) {
    this.#ports = ports
    this.#backoff = new Backoff(ports.limits.backoffMs, ports.limits.maxBackoffMs)
  }

  get isUnderWay(): boolean {
    return this.#socket !== undefined
  }

  dial(): void {
    if (this.#stopped || this.#socket !== undefined) return
    clearTimeout(this.#redial)
    if (this.#ports.isCut()) {
      this.later()
      return
    }
    const { limits } = this.#ports
    const socket = this.#connect()
    let why = ''
    socket.on('error', error => {
      why = error.message
    })
    socket.on('close', (code, reason) => this.#ended(socket, code, reason.toString('utf8') || why))
    const handshake = this.#ports.handshake()
    greet(socket, handshake, limits.handshakeMs, met => {
      this.#socket = undefined
      clearTimeout(this.#redial)
      this.#backoff.reset()
      this.#ports.met(socket, met)
    })
    socket.on('open', () => socket.send(handshake.hello()))
  }

  /** Dials now instead of later. A dial that still waits for an answer was meant for the peer's life before. */
  dialAnew(): void {
    this.#backoff.reset()
    const hanging = this.#socket
    if (hanging?.readyState === WebSocket.OPEN) return
    this.#socket = undefined
    hanging?.terminate()
    this.dial()
  }

  later(): void {
    clearTimeout(this.#redial)
    if (!this.#stopped) this.#redial = setTimeout(() => this.dial(), this.#backoff.next(this.#ports.random()))
  }

  /** Says a hello to the node that dials this one, and waits for nothing but the end of it (MS17). */
  knock(): void {
    const { limits } = this.#ports
    if (this.#stopped || this.#ports.isCut()) return
    const socket = this.#connect()
    const enough = setTimeout(() => socket.terminate(), limits.handshakeMs)
    socket.on('open', () => socket.send(this.#ports.handshake().hello()))
    // Who asks for a proof is no node that dials, and gets none to guess the secret from.
    socket.on('message', () => socket.terminate())
    // Nobody is there: whoever will be dials when it begins. The close that follows ends this.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(enough)
      if (this.#socket === socket) this.#socket = undefined
    })
  }

  /** Ends at once. */
  abort(): void {
    this.#stopped = true
    clearTimeout(this.#redial)
    this.#socket?.terminate()
  }

  /** Resolves when no socket is left. */
  async stop(): Promise<void> {
    const socket = this.#socket
    const closed = socket && new Promise(resolve => socket.once('close', resolve))
    this.abort()
    await closed
  }

  #connect(): WebSocket {
    const { url, limits } = this.#ports
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: limits.maxPayloadBytes,
      handshakeTimeout: limits.handshakeMs,
      generateMask: noMask,
    })
    this.#socket = socket
    return socket
  }

  #ended(socket: WebSocket, code: number, why: string): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    this.#ports.failed(code, why)
    this.later()
  }
}

/** Masking protects web proxies from browsers (RFC 6455 §10.3); between two servers it only costs: a mask of zeros. */
function noMask(mask: Buffer): void {
  mask.fill(0)
}
