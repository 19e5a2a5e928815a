/** The client socket: recorded is what the client library sends, asked is a request that is refused at once. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from '@synod/cluster/client'
import { decode, encode } from '@synod/runtime/protocol'
import { closeCodes, webSocketCodes } from '../../../cluster/src/gateway/socket-codes.ts'
import type { Door } from './attack.ts'
import { RawSocket } from './raw-socket.ts'

export const documentedClient: ReadonlyMap<number, string> = new Map(
  Object.entries({ ...closeCodes, ...webSocketCodes }).map(([name, code]) => [code, name]),
)

/** Numbers that no damaged request carries by chance. */
const firstNumber = 2 ** 52

export function clientDoor(url: string): Door {
  return {
    documented: documentedClient,
    // Requests of one frame are answered together: with more than one on its way, none could be blamed.
    burst: 1,
    async open(answered) {
      const socket = await RawSocket.open(url, '/client', ({ bytes }) => {
        for (const [number] of decode(bytes) as [number, unknown][])
          if (number >= firstNumber) answered(number - firstNumber)
      })
      return {
        send: (...messages) => socket.sendBinary(...messages),
        closed: socket.closed,
        destroy: () => socket.destroy(),
      }
    },
    question: number => encode([[firstNumber + number, 'no request']]),
  }
}

/** Frames as the client library writes them, recorded by a server that never answers. */
export async function recordClient(): Promise<Uint8Array[]> {
  const recorded: Uint8Array[] = []
  const sockets: Socket[] = []
  const server = createServer()
  server.on('upgrade', (request, socket: Socket) => {
    sockets.push(socket)
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.on('data', data => recorded.push(...unmasked(data)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const client = connect([`http://127.0.0.1:${(server.address() as AddressInfo).port}`], {
    deadlineMs: 60_000,
  })
  const calls: (() => Promise<unknown>)[] = [
    () => client.get('kv', 'fuzz-a'),
    () => client.put('kv', 'fuzz-b', { text: 'tea', list: [1, 2.5, true, null] }),
    () => client.cas('kv', 'fuzz-a', null, 5),
    () => client.scan('kv', 'fuzz-', 10, 'fuzz-a'),
    () =>
      client.run(
        Array.from({ length: 12 }, (_, at) => ({
          op: 'add' as const,
          keyspace: 'kv',
          key: `fuzz-${at}`,
          amount: at,
          min: 0,
        })),
      ),
    () =>
      client.run([
        { op: 'append', keyspace: 'kv', key: 'fuzz-list', value: 1 },
        { op: 'check', keyspace: 'kv', key: 'fuzz-a', exists: true },
        { op: 'delete', keyspace: 'kv', key: 'fuzz-b' },
      ]),
  ]
  const outcomes: Promise<unknown>[] = []
  for (const call of calls) {
    const before = recorded.length
    outcomes.push(call().catch((error: unknown) => error))
    while (recorded.length === before) await new Promise(resolve => setImmediate(resolve))
  }
  client.close()
  for (const socket of sockets) socket.destroy()
  server.close()
  await Promise.all(outcomes)
  return recorded
}

/** The payloads of the whole frames of a client in one piece of a loopback connection. */
function* unmasked(data: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < data.length; ) {
    const short = (data[at + 1] ?? 0) & 0x7f
    const extended = short === 126 ? 2 : 0
    const length = extended === 2 ? data.readUInt16BE(at + 2) : short
    const from = at + 2 + extended + 4
    const mask = data.subarray(from - 4, from)
    if (((data[at] ?? 0) & 0x0f) === 2) {
      yield Uint8Array.from(
        data.subarray(from, from + length),
        (byte, index) => byte ^ (mask[index % 4] ?? 0),
      )
    }
    at = from + length
  }
}
