/**
 * One authenticated link to a peer: frames out, frames in, round trips, and the bound on what may wait (SPEC.md,
 * MS7–MS12). It lives as long as its WebSocket.
 */
import type { RawData, WebSocket } from 'ws'
import type { NodeId } from '../address.ts'
import type { Envelope } from '../kernel/ports.ts'
import { type CloseName, closeCodes, reasonText } from './close-codes.ts'
import { type Claim, decodeFrame, encodeEnvelopes, encodeHeartbeat, type Frame } from './frame.ts'
import { FrameError } from './frame-error.ts'
import type { MeshLimits, MeshPorts } from './options.ts'

/** Counted over all links to one peer. */
export interface Traffic {
  sent: number
  received: number
  dropped: number
  sentBytes: number
  receivedBytes: number
}

/** A peer that does not answer our closing does not keep the socket. */
const closingMs = 1_000

export class Link {
  readonly peer: NodeId
  rttMs: number | undefined
  lastHeardMs: number
  readonly closed: Promise<void>
  /** Why this side closed it. */
  closedFor: string | undefined
  readonly #socket: WebSocket
  readonly #ports: MeshPorts
  readonly #limits: MeshLimits
  readonly #traffic: Traffic
  readonly #receive: (frame: Frame) => void
  /** Of the frames before, so that a turn is split near `frameBytes` without encoding it twice. */
  #bytesEach = 200

  constructor(
    peer: NodeId,
    socket: WebSocket,
    ports: MeshPorts,
    limits: MeshLimits,
    traffic: Traffic,
    receive: (frame: Frame) => void,
  ) {
    this.peer = peer
    this.#socket = socket
    this.#ports = ports
    this.#limits = limits
    this.#traffic = traffic
    this.#receive = receive
    this.lastHeardMs = ports.monotonicMs()
    socket.on('message', (data, isBinary) => this.#hear(data, isBinary))
    this.closed = new Promise(resolve => socket.once('close', () => resolve()))
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(envelopes: readonly Envelope[]): void {
    const claim = this.#ports.claim()
    let from = 0
    while (from < envelopes.length) {
      if (this.queuedBytes > this.#limits.queueBytes || this.closedFor !== undefined) {
        this.#drop(envelopes.slice(from))
        return
      }
      const count = Math.max(1, Math.floor(this.#limits.frameBytes / this.#bytesEach))
      const part = from === 0 && count >= envelopes.length ? envelopes : envelopes.slice(from, from + count)
      from += part.length
      this.#sendPart(part, claim)
    }
  }

  ping(): void {
    if (this.closedFor !== undefined || this.queuedBytes > this.#limits.queueBytes) return
    this.#write(encodeHeartbeat('ping', this.#ports.claim(), this.#ports.monotonicMs()))
  }

  pong(stampMs: number): void {
    if (this.closedFor !== undefined) return
    this.#write(encodeHeartbeat('pong', this.#ports.claim(), stampMs))
  }

  close(why: CloseName, reason: string): void {
    if (this.closedFor !== undefined) return
    this.closedFor = `${why}: ${reason}`
    this.#socket.close(closeCodes[why], reasonText(reason))
    const giveUp = setTimeout(() => this.#socket.terminate(), closingMs)
    this.#socket.once('close', () => clearTimeout(giveUp))
  }

  abort(): void {
    this.closedFor ??= 'this node has failed'
    this.#socket.terminate()
  }

  #sendPart(part: readonly Envelope[], claim: Claim): void {
    const bytes = this.#encode(part, claim)
    if (bytes !== undefined && bytes.length <= this.#limits.maxPayloadBytes) {
      this.#bytesEach = Math.max(bytes.length / part.length, this.#bytesEach * 0.9, 1)
      this.#traffic.sent += part.length
      this.#write(bytes)
      return
    }
    if (part.length > 1) {
      const half = Math.ceil(part.length / 2)
      this.#sendPart(part.slice(0, half), claim)
      this.#sendPart(part.slice(half), claim)
      return
    }
    this.#drop(part)
    const problem = bytes === undefined ? 'holds what cannot be encoded' : `has ${bytes.length} bytes`
    this.#ports.log('error', 'a message cannot be sent and was dropped', {
      peer: this.peer,
      to: part[0]?.to,
      problem,
      maxPayloadBytes: this.#limits.maxPayloadBytes,
    })
  }

  /** Undefined when some message holds what no codec takes: a symbol, or itself. */
  #encode(part: readonly Envelope[], claim: Claim): Uint8Array | undefined {
    try {
      return encodeEnvelopes(claim, part)
    } catch (error) {
      this.#ports.log('debug', 'encoding failed', { peer: this.peer, error: String(error) })
      return undefined
    }
  }

  #drop(envelopes: readonly Envelope[]): void {
    this.#traffic.dropped += envelopes.length
    this.#ports.lost(envelopes)
  }

  #write(bytes: Uint8Array): void {
    this.#traffic.sentBytes += bytes.length
    this.#socket.send(bytes, written)
  }

  #hear(data: RawData, isBinary: boolean): void {
    if (this.closedFor !== undefined) return
    this.lastHeardMs = this.#ports.monotonicMs()
    try {
      this.#receive(this.#read(data, isBinary))
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#ports.log('warn', 'a peer sent what is no frame', { peer: this.peer, problem: error.message })
      this.close('notAFrame', `${error.message}: run the same release on both nodes`)
    }
  }

  #read(data: RawData, isBinary: boolean): Frame {
    if (!isBinary || !Buffer.isBuffer(data)) throw new FrameError('text where a frame was expected')
    this.#traffic.receivedBytes += data.length
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length)
    return decodeFrame(bytes, this.peer, this.#ports.node)
  }
}

/** What could not be written is lost with its link, which reports the failure by closing. */
function written(): void {}
