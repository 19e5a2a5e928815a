/** A request that is sent again after its node was lost: what happened the first time is never denied. */
import { createHash } from 'node:crypto'
import { type AddressInfo, createServer } from 'node:net'
import { decode, encode } from '@synod/runtime/protocol'
import { afterEach, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { socketLimits } from '../gateway/socket-codes.ts'
import { type Client, connect, DefiniteError, IndefiniteError, Unavailable } from './index.ts'

let server: WebSocketServer | undefined
let client: Client | undefined
afterEach(() => {
  client?.close()
  server?.close()
})

interface Asked {
  readonly type: string
  readonly id: unknown
}
/** What a node does with a request: an answer, or the end of the connection. */
type Reaction = 'lost' | object

/** A node that reacts in turn, at last for ever; returns the requests as they arrive. */
async function serve(deadlineMs: number, ...reactions: readonly Reaction[]): Promise<Asked[]> {
  const asked: Asked[] = []
  const listening = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server = listening
  listening.on('connection', socket =>
    socket.on('message', (data: Buffer) => {
      for (const [number, request] of decode(data) as [number, Asked][]) {
        const reaction = reactions[Math.min(asked.length, reactions.length - 1)] ?? 'lost'
        asked.push(request)
        if (reaction === 'lost') socket.terminate()
        else socket.send(encode([[number, reaction]]))
      }
    }),
  )
  await new Promise(resolve => listening.once('listening', resolve))
  client = connect([urlOf(listening)], { deadlineMs })
  return asked
}

function urlOf(of: WebSocketServer | undefined): string {
  const at = of?.address()
  return `http://127.0.0.1:${typeof at === 'object' ? at?.port : 0}`
}

const unavailable = { type: 'failed', status: 'unavailable', detail: 'still joining' }
const committed = { type: 'transacted', id: {}, outcome: { status: 'committed', results: [{ version: 3 }] } }

test('a node that did nothing is believed when nobody was asked before', async () => {
  const asked = await serve(5_000, unavailable)
  await expect(client?.put('kv', 'a', 1)).rejects.toBeInstanceOf(Unavailable)
  expect(asked).toHaveLength(1)
})

test('after a lost connection it is asked again under the same id, until there is a final answer', async () => {
  const asked = await serve(20_000, 'lost', unavailable, unavailable, committed)
  expect(await client?.put('kv', 'a', 1)).toBe(3)
  expect(asked).toHaveLength(4)
  expect(new Set(asked.map(({ id }) => JSON.stringify(id))).size).toBe(1)
})

test('without a final answer it is indefinite: the first time may have done it', async () => {
  // Connecting counts as well: what never reached a node would be definite.
  await serve(3_000, 'lost', unavailable)
  await expect(client?.put('kv', 'a', 1)).rejects.toBeInstanceOf(IndefiniteError)
})

test('closing ends a call that is in doubt at once, as indefinite', async () => {
  const asked = await serve(60_000, 'lost')
  const put = client?.put('kv', 'a', 1)
  const failed = expect(put).rejects.toBeInstanceOf(IndefiniteError)
  while (asked.length < 3) await new Promise(resolve => setTimeout(resolve, 5))
  client?.close()
  await failed
})

test('a node that falls silent, its connection open, is left for the next one', async () => {
  const asked = await serve(60_000, committed)
  const silent = createServer(socket => {
    // Reads, and says nothing more than a handshake that went well.
    socket.once('data', data => {
      const key = /Sec-WebSocket-Key: (.+)\r/i.exec(data.toString())?.[1]
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade'
      socket.write(`${upgrade}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    })
  })
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const moved = connect([`http://127.0.0.1:${port}`, urlOf(server)], { deadlineMs: 60_000, startAt: 0 })
  expect(await moved.put('kv', 'a', 1)).toBe(3)
  expect(asked.filter(({ type }) => type === 'transact')).toHaveLength(1)
  moved.close()
  silent.close()
})

test('tens of thousands of calls at once are within what a node takes, in order', async () => {
  const frames: number[] = []
  let open = 0
  let most = 0
  const asked = await serve(60_000, committed)
  server?.on('connection', socket =>
    socket.prependListener('message', (data: Buffer) => {
      const count = (decode(data) as [number, Asked][]).filter(([, { type }]) => type === 'transact').length
      frames.push(count)
      open += count
      most = Math.max(most, open)
      setImmediate(() => {
        open -= count
      })
    }),
  )
  const calls = Array.from({ length: 25_000 }, (_, at) => client?.put('kv', `k${at}`, at))
  expect(new Set(await Promise.all(calls))).toEqual(new Set([3]))
  expect(Math.max(...frames)).toBeLessThanOrEqual(socketLimits.inFrame)
  expect(most).toBeLessThanOrEqual(socketLimits.waiting)
  const keys = asked.flatMap(one => (one as { operations?: { key: string }[] }).operations ?? [])
  expect(keys.map(({ key }) => key)).toEqual(calls.map((_, at) => `k${at}`))
})

test('large values at once go in frames that a node takes; one that is too large alone is refused, and harms no other', async () => {
  await serve(60_000, committed)
  let largest = 0
  server?.on('connection', socket =>
    socket.on('message', (data: Buffer) => {
      largest = Math.max(largest, data.byteLength)
    }),
  )
  const value = 'v'.repeat(1_000_000)
  const puts = Array.from({ length: 10 }, (_, at) => client?.put('kv', `k${at}`, value))
  const tooMuch = client?.run(
    ['a', 'b', 'c', 'd', 'e'].map(key => ({ op: 'put', keyspace: 'kv', key, value })),
  )
  await expect(tooMuch).rejects.toThrow(/a request of 5\d+ bytes; at most 4194304 can be sent at once/)
  await expect(tooMuch).rejects.toBeInstanceOf(DefiniteError)
  expect(new Set(await Promise.all(puts))).toEqual(new Set([3]))
  expect(largest).toBeGreaterThan(1_000_000)
  expect(largest).toBeLessThanOrEqual(socketLimits.frameBytes)
})

test('what cannot even be sent holds up no number of the session', async () => {
  const asked = await serve(20_000, committed)
  expect(await client?.put('kv', 'a', 1)).toBe(3)
  await expect(client?.run([null as never])).rejects.toThrow()
  expect(await client?.put('kv', 'a', 1)).toBe(3)
  const last = asked.filter(({ type }) => type === 'transact').at(-1)
  expect(last).toMatchObject({ id: { sequence: 3 }, firstIncomplete: 3 })
})

test('a token is shown to the node', async () => {
  await serve(5_000, committed)
  client?.close()
  const shown = new Promise(resolve =>
    server?.on(
      'connection',
      (_socket, { headers: { authorization } }) => authorization && resolve(authorization),
    ),
  )
  const guest = connect([urlOf(server)], { token: 'a token that callers show' })
  expect(await shown).toBe('Bearer a token that callers show')
  guest.close()
})
