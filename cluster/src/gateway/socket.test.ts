import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer } from '@synod/runtime/host'
import { decode, encode } from '@synod/runtime/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { nodeWhere } from './gateway.fixture.ts'
import type { GatewayNode } from './node.ts'
import { serveClients } from './socket.ts'
import { closeCodes } from './socket-codes.ts'

const running: (() => void)[] = []
afterEach(() => {
  for (const stop of running.splice(0)) stop()
})

interface Given {
  ask(message: unknown, to: string): Promise<Answer>
  readonly broken?: Pick<GatewayNode, 'request'>
}

/** A client of a server whose node answers as the test says; `defects` is what the server noted. */
async function clientOf({ ask, broken }: Given) {
  const server: Server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const defects: string[] = []
  const stop = serveClients(server, { ...nodeWhere((to, message) => ask(message, to)), ...broken }, error =>
    defects.push(error.message),
  )
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/client`)
  const answers = new Map<number, unknown>()
  client.on('message', (data: Buffer) => {
    for (const [number, answer] of decode(data) as [number, unknown][]) answers.set(number, answer)
  })
  const closed = new Promise<number>(resolve => client.once('close', code => resolve(code)))
  running.push(() => {
    client.terminate()
    stop()
    server.close()
  })
  await new Promise(resolve => client.once('open', resolve))
  return { client, closed, answers, defects }
}

const read = { type: 'read', keys: [{ keyspace: 'kv', key: 'a' }], deadlineMs: 1_000 }

test('[GW4] bytes that are no frame close the socket; what comes behind them is not done', async () => {
  let asked = 0
  const { client, closed } = await clientOf({
    ask: () => {
      asked++
      return Promise.resolve({ outcome: 'answered', result: 'done' })
    },
  })
  client.send(encode('no frame'))
  client.send(encode([[1, read]]))
  expect([await closed, asked]).toEqual([closeCodes.badFrame, 0])
})

test('[EX14] of a group with a member on this node, that member says who leads', async () => {
  const group = (name: string, ...members: string[]) => ({ group: name, members, preferred: members[0] })
  const routes = {
    type: 'routes',
    node: 'n1',
    map: { groups: { a: group('a', 'n3', 'n1'), b: group('b', 'n1', 'n2'), c: group('c', 'n2', 'n3') } },
    leaders: { a: 'n3', b: 'n1', c: 'n2' },
  }
  const { client, answers } = await clientOf({
    ask: (message, to) => {
      if ((message as { type: string }).type === 'routes') {
        return Promise.resolve({ outcome: 'answered', result: routes })
      }
      const leader = to.endsWith('/a') ? 'n2' : null
      return Promise.resolve({ outcome: 'answered', result: { leader } })
    },
  })
  client.send(encode([[1, { type: 'routes', deadlineMs: 1_000 }]]))
  await vi.waitFor(() => expect(answers.get(1)).toEqual({ ...routes, leaders: { a: 'n2', c: 'n2' } }))
})

test('[GW4] a request that is none is refused alone', async () => {
  const { client, answers } = await clientOf({
    ask: () => Promise.resolve({ outcome: 'answered', result: 'done' }),
  })
  client.send(
    encode([
      [1, { type: 'nothing' }],
      [2, read],
    ]),
  )
  await new Promise(resolve => client.once('message', resolve))
  expect(answers.get(1)).toMatchObject({ type: 'failed', status: 'invalid' })
  expect(answers.get(2)).toBe('done')
})

const oneGroup = {
  type: 'routes',
  node: 'n1',
  map: { groups: { a: { group: 'a', members: ['n1'], preferred: 'n1' } } },
  leaders: {},
}

test('[GW4] a defect behind a request is told as unknown, and does not end the node', async () => {
  const request = () => {
    throw new Error('broken')
  }
  const ask = (_: unknown, to: string): Promise<Answer> =>
    to.endsWith('/a')
      ? Promise.reject(new Error('a member is broken'))
      : Promise.resolve({ outcome: 'answered', result: oneGroup })
  const { client, answers, defects } = await clientOf({ ask, broken: { request } })
  client.send(encode([[1, read]]))
  await vi.waitFor(() => expect(answers.get(1)).toMatchObject({ type: 'failed', status: 'unknown' }))
  expect(defects).toEqual(['broken'])
  const other = await clientOf({ ask })
  other.client.send(encode([[2, { type: 'routes', deadlineMs: 1_000 }]]))
  await vi.waitFor(() => expect(other.answers.get(2)).toMatchObject({ type: 'failed', status: 'unknown' }))
  expect(other.defects).toEqual(['a member is broken'])
})

test('[GW4] a client that never reads its answers is let go', async () => {
  let asked = 0
  const { client, closed } = await clientOf({
    ask: () => {
      asked++
      return Promise.resolve({ outcome: 'answered', result: 'x'.repeat(1 << 20) })
    },
  })
  // The server's end. The client would have to read all answers, within a second, to see the code.
  const close = vi.spyOn(WebSocket.prototype, 'close')
  running.push(() => close.mockRestore())
  client.pause()
  const most = 400
  let sent = 0
  while (sent < most && close.mock.calls.length === 0) {
    client.send(encode([[sent++, read]]))
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(close.mock.calls).toEqual([[closeCodes.answersNotRead, expect.any(String)]])
  client.resume()
  await closed
  expect(asked).toBeLessThan(most)
})
