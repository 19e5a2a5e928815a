/**
 * A WebSocket client that says exactly the bytes it is told to, and tells how the other side closed: the libraries hide
 * both. Masked with zeros, so that what is sent can be read in a packet dump.
 */
import { connect, type Socket } from 'node:net'

export interface Closed {
  /** Of the close frame; undefined when the connection ended without one. */
  readonly code: number | undefined
  readonly reason: string
  /** Of an answer in HTTP instead of a WebSocket: its status. */
  readonly status: number | undefined
}
export interface Message {
  readonly isText: boolean
  readonly bytes: Buffer
}

const opcodes = { text: 1, binary: 2, close: 8 } as const
const key = 'AAAAAAAAAAAAAAAAAAAAAA=='

export class RawSocket {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<Closed>
  readonly #socket: Socket
  readonly #hear: (message: Message) => void
  #received: Buffer = Buffer.alloc(0)
  #upgraded = false
  #problem = 'the connection ended'
  #end: Closed = { code: undefined, reason: '', status: undefined }
  #open: (open: boolean) => void = () => undefined

  /** Rejects when the upgrade is refused. */
  static async open(url: string, path: string, hear: (message: Message) => void): Promise<RawSocket> {
    const socket = new RawSocket(url, path, hear)
    const opened = new Promise<boolean>(resolve => {
      socket.#open = resolve
    })
    if (await opened) return socket
    const { status } = await socket.closed
    throw new Error(`${url}${path} refused the upgrade: ${status ?? socket.#problem}`)
  }

  /** Does not wait for the answer to its upgrade. */
  constructor(url: string, path: string, hear: (message: Message) => void) {
    const { hostname, port, host } = new URL(url)
    this.#hear = hear
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    )
    this.#socket.on('data', data => this.#receive(data))
    this.#socket.on('error', error => {
      this.#problem = error.message
    })
    this.closed = new Promise(resolve => {
      this.#socket.once('close', () => {
        this.#open(false)
        resolve(this.#end)
      })
    })
  }

  sendText(text: string): void {
    this.raw(framed(opcodes.text, Buffer.from(text)))
  }

  sendBinary(...messages: readonly Uint8Array[]): void {
    this.raw(Buffer.concat(messages.map(bytes => framed(opcodes.binary, bytes))))
  }

  /** Bytes below WebSocket. */
  raw(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(data: Buffer): void {
    this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data])
    if (!this.#upgraded && !this.#readUpgrade()) return
    while (this.#readFrame()) {
      // One message after the other.
    }
  }

  #readUpgrade(): boolean {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return false
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(this.#received.toString('latin1'))?.[1])
    this.#received = this.#received.subarray(end + 4)
    this.#upgraded = status === 101
    if (!this.#upgraded) this.#end = { ...this.#end, status }
    this.#open(this.#upgraded)
    return this.#upgraded
  }

  /** Servers send whole, unmasked frames here. False: there is not enough to read. */
  #readFrame(): boolean {
    const [first = 0, short = 0] = this.#received
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0
    if (this.#received.length < 2 + extended) return false
    const length =
      extended === 0 ? short : this.#received.readUIntBE(extended === 2 ? 2 : 4, extended === 2 ? 2 : 6)
    const end = 2 + extended + length
    if (this.#received.length < end) return false
    const bytes = this.#received.subarray(2 + extended, end)
    this.#received = this.#received.subarray(end)
    const opcode = first & 0x0f
    if (opcode === opcodes.close) {
      this.#end = {
        ...this.#end,
        code: length >= 2 ? bytes.readUInt16BE(0) : 1005,
        reason: bytes.toString('utf8', 2),
      }
      this.raw(framed(opcodes.close, bytes.subarray(0, 2)))
      this.#socket.end()
    } else this.#hear({ isText: opcode === opcodes.text, bytes })
    return true
  }
}

/** A frame from client to server. */
export function framed(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const frame = Buffer.alloc(2 + extended + 4 + length)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) frame.writeUInt16BE(length, 2)
  if (extended === 8) frame.writeUIntBE(length, 4, 6)
  frame.set(payload, 2 + extended + 4)
  return frame
}
