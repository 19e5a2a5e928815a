/**
 * The client socket, `/client`: pipelined requests of the client library over one WebSocket. A frame holds a batch of
 * `[number, request]`, answered in any order by batches of `[number, answer]`. Bytes that are no such frame close the
 * socket with a code; the node goes on.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RoutesAnswer, SessionAnswer, SessionRequest } from '@synod/actors'
import { decodeReceived, encode } from '@synod/runtime/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import { LocalLeaders } from './leaders.ts'
import { type GatewayNode, requestOfSession } from './node.ts'
import { keySchema, operationsSchema, prefixSchema, refuseShopWrites } from './operations.ts'
import { parse } from './parse.ts'
import { isPlainTransact } from './plain-request.ts'
import { BadInput } from './problem.ts'
import { closeCodes, socketLimits } from './socket-codes.ts'

export const clientPath = '/client'
/** Bytes of answers that may wait for a client to read them. */
const maxUnread = 64 * 1024 * 1024
/** The client reads the first answers while others are still encoded. */
const answersInFrame = 64
/** A client that does not answer our closing does not keep the socket. */
const closingMs = 1_000

const name = z.string().min(1).max(63)
const key = keySchema
const deadlineMs = z.number().positive().max(600_000)
const txId = z.strictObject({ session: z.string().min(1).max(128), sequence: z.int().min(1) })
export const requestSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('transact'),
    operations: operationsSchema,
    id: txId,
    firstIncomplete: z.int().min(0),
    deadlineMs,
  }),
  z.strictObject({
    type: z.literal('read'),
    keys: z
      .array(z.strictObject({ keyspace: name, key }))
      .min(1)
      .max(1_000),
    deadlineMs,
  }),
  z.strictObject({
    type: z.literal('scan'),
    keyspace: name,
    prefix: prefixSchema,
    after: prefixSchema.optional(),
    limit: z.int().min(1).max(1_000),
    deadlineMs,
  }),
  z.strictObject({ type: z.literal('lookup'), id: txId, keyspace: name, key, deadlineMs }),
  z.strictObject({ type: z.literal('routes'), deadlineMs }),
])
type Frame = readonly (readonly [number: number, request: unknown])[]

/** What the client gets for a request that no session answered. */
export interface SocketFailure {
  readonly type: 'failed'
  readonly status: 'unavailable' | 'overloaded' | 'unknown' | 'invalid'
  readonly detail: string
}

/**
 * Serves `/client` upgrades of the server; leaves other paths alone. Returns what closes all sockets. `onDefect`
 * hears of what threw and was not bad input.
 */
export function serveClients(
  server: Server,
  node: GatewayNode,
  onDefect: (error: Error, path: string) => void,
): () => void {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: socketLimits.frameBytes,
  })
  const door = { node, leaders: new LocalLeaders(node), onDefect }
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if ((request.url ?? '').split('?', 1)[0] !== clientPath) return
    sockets.handleUpgrade(request, socket, head, client => new ClientSocket(client, door))
  }
  server.on('upgrade', onUpgrade)
  return () => {
    server.off('upgrade', onUpgrade)
    for (const client of sockets.clients) client.terminate()
    sockets.close()
  }
}

interface Door {
  readonly node: GatewayNode
  readonly leaders: LocalLeaders
  readonly onDefect: (error: Error, path: string) => void
}

class ClientSocket {
  readonly #socket: WebSocket
  readonly #door: Door
  #waiting = 0
  #answers: [number: number, answer: unknown][] = []

  constructor(socket: WebSocket, door: Door) {
    this.#socket = socket
    this.#door = door
    socket.on('message', (data: Buffer) => this.#receive(data))
    // `ws` has sent the close code of what is no WebSocket; who does not answer it does not keep the socket.
    socket.on('error', () => this.#giveUp())
  }

  #receive(data: Buffer): void {
    // What still arrives after we closed would be done and never answered.
    if (this.#socket.readyState !== this.#socket.OPEN) return
    const frame = readFrame(data)
    if (frame === undefined) {
      this.#close('badFrame', 'not a frame of [number, request] pairs')
    } else if (this.#waiting + frame.length > socketLimits.waiting) {
      this.#close('tooManyWaiting', `more than ${socketLimits.waiting} requests wait`)
    } else if (this.#socket.bufferedAmount > maxUnread) {
      this.#close('answersNotRead', `more than ${maxUnread} bytes of answers wait to be read`)
    } else {
      for (const [number, request] of frame) this.#handle(number, request)
    }
  }

  #close(why: keyof typeof closeCodes, reason: string): void {
    this.#flush()
    this.#socket.close(closeCodes[why], reason)
    this.#giveUp()
  }

  #giveUp(): void {
    const timer = setTimeout(() => this.#socket.terminate(), closingMs)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  #handle(number: number, input: unknown): void {
    this.#waiting++
    try {
      const request = (isPlainTransact(input) ? input : parse(requestSchema, input)) as SessionRequest
      if (request.type === 'transact') refuseShopWrites(request.operations)
      requestOfSession(
        this.#door.node,
        request,
        answer => this.#onAnswer(number, answer),
        why => this.#answer(number, { type: 'failed', ...why } satisfies SocketFailure),
      )
    } catch (error) {
      this.#answer(number, this.#failure(error))
    }
  }

  #onAnswer(number: number, answer: SessionAnswer): void {
    if (answer.type !== 'routes') {
      this.#answer(number, answer)
      return
    }
    const routes: Promise<RoutesAnswer> = this.#door.leaders.corrected(answer)
    void routes.then(
      corrected => this.#answer(number, corrected),
      error => this.#answer(number, this.#failure(error)),
    )
  }

  #failure(error: unknown): SocketFailure {
    if (error instanceof BadInput) return { type: 'failed', status: 'invalid', detail: error.message }
    this.#door.onDefect(error instanceof Error ? error : new Error(String(error)), clientPath)
    const detail = 'the request met a defect of this server; its log has the details'
    return { type: 'failed', status: 'unknown', detail }
  }

  /** Answers of one round of the event loop leave together. */
  #answer(number: number, answer: unknown): void {
    this.#waiting--
    if (this.#answers.length === 0) setImmediate(() => this.#flush())
    this.#answers.push([number, answer])
  }

  #flush(): void {
    const answers = this.#answers
    this.#answers = []
    for (let at = 0; at < answers.length; at += answersInFrame) {
      if (this.#socket.readyState !== this.#socket.OPEN) return
      const few = answers.length <= answersInFrame ? answers : answers.slice(at, at + answersInFrame)
      this.#socket.send(encode(few))
    }
  }
}

/** Undefined: it is none. */
function readFrame(data: Buffer): Frame | undefined {
  try {
    const frame = decodeReceived(data)
    return isFrame(frame) ? frame : undefined
  } catch {
    return undefined
  }
}

function isFrame(frame: unknown): frame is Frame {
  return (
    Array.isArray(frame) &&
    frame.length <= socketLimits.inFrame &&
    frame.every(pair => Array.isArray(pair) && pair.length === 2 && Number.isSafeInteger(pair[0]))
  )
}
