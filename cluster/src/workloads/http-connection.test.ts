import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ConnectionLost, HttpConnection, parseAnswer } from './http-connection.ts'

let server: Server | undefined
let connection: HttpConnection | undefined
afterEach(() => {
  connection?.close()
  server?.close()
})

/** A server that does this with each connection. */
function serve(onConnection: (socket: Socket) => void): Promise<HttpConnection> {
  return new Promise(resolve => {
    const listening = createServer(onConnection).listen(0, '127.0.0.1', () => {
      const at = listening.address()
      connection = new HttpConnection(`http://127.0.0.1:${typeof at === 'object' ? at?.port : 0}`)
      resolve(connection)
    })
    server = listening
  })
}

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'

test('an answer is read by its length, however it is cut into packets', () => {
  for (let at = 0; at < answer.length; at++) expect(parseAnswer(answer.slice(0, at))).toBeUndefined()
  expect(parseAnswer(answer)).toEqual({ status: 200, body: 'hello', end: answer.length, close: false })
})

test('an answer in chunks is read to its last', () => {
  const chunked =
    'HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'
  for (let at = 0; at < chunked.length; at++) expect(parseAnswer(chunked.slice(0, at))).toBeUndefined()
  expect(parseAnswer(chunked)).toEqual({ status: 400, body: 'abcde', end: chunked.length, close: true })
})

test('what is no answer is told apart from what is not complete', () => {
  expect(parseAnswer('SSH-2.0\r\n\r\n')).toBe('bad')
  expect(parseAnswer('HTTP/1.1 200 OK\r\n\r\n')).toBe('bad')
})

test('one connection serves many requests', async () => {
  let connections = 0
  const client = await serve(socket => {
    connections += 1
    socket.on('data', () => socket.write(answer))
  })
  for (let time = 0; time < 5; time++) {
    expect(await client.request('POST', '/a', 5_000)).toMatchObject({ status: 200, body: 'hello' })
  }
  expect(connections).toBe(1)
})

test('a connection that the server closes is lost, and the next request dials anew', async () => {
  let connections = 0
  const client = await serve(socket => {
    connections += 1
    socket.on('data', () => (connections === 1 ? socket.end() : socket.write(answer)))
  })
  const lost = await client.request('POST', '/a', 5_000).catch((error: unknown) => error)
  expect(lost).toBeInstanceOf(ConnectionLost)
  expect(lost).toMatchObject({ sent: true })
  expect(await client.request('POST', '/a', 5_000)).toMatchObject({ status: 200 })
})

test('a request that reached nobody was not sent: asking elsewhere is safe', async () => {
  const client = await serve(() => undefined)
  await new Promise(resolve => server?.close(resolve))
  await expect(client.request('POST', '/a', 5_000)).rejects.toMatchObject({
    name: 'ConnectionLost',
    sent: false,
  })
})

test('an answer that never comes is given up', async () => {
  const client = await serve(socket => socket.on('data', () => undefined))
  await expect(client.request('GET', '/a', 50)).rejects.toMatchObject({ sent: true })
})
