/** The shipped nginx files, in a real nginx, before three servers that answer, break, or are away. */
import { createServer, type Server } from 'node:http'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freeBasePort } from '../../cluster/src/launcher/ports.fixture.ts'
import { ensureNginx, FrontDoor } from './nginx.fixture.ts'

/** `break`: takes the whole request, and ends the connection without an answer. */
type Mood = 'answer' | 'break' | 'away'

let nginx = ''
let base = 0
let door: FrontDoor | undefined
let nodes: Server[] = []
let asked: string[] = []
beforeAll(async () => {
  nginx = await ensureNginx()
})
beforeEach(async () => {
  asked = []
  base = await freeBasePort()
})
afterEach(async () => {
  await door?.stop()
  door = undefined
  for (const node of nodes) node.closeAllConnections()
  await Promise.all(nodes.map(node => new Promise(resolve => node.close(resolve))))
  nodes = []
})

async function behind(...moods: readonly Mood[]): Promise<void> {
  for (const [at, mood] of moods.entries()) if (mood !== 'away') nodes.push(await listening(at + 1, mood))
  door = new FrontDoor(nginx, base)
  await door.ready()
  asked = []
}

async function listening(at: number, mood: Mood): Promise<Server> {
  const node = createServer((request, response) => {
    request.resume().on('end', () => {
      // What shows that nginx is there is not what a test asks.
      const isFirst = request.url === '/'
      if (!isFirst) asked.push(`${request.method} ${request.url} n${at}`)
      if (mood === 'break' && !isFirst) request.socket.destroy()
      else response.end(`n${at}`)
    })
  })
  await new Promise<void>((resolve, reject) =>
    node.once('error', reject).listen(base + at, '127.0.0.1', resolve),
  )
  return node
}

async function status(method: string, path: string, body?: string): Promise<number> {
  const response = await fetch(`${door?.url}${path}`, { method, ...(body === undefined ? {} : { body }) })
  await response.arrayBuffer()
  return response.status
}

test('all nodes are asked', async () => {
  await behind('answer', 'answer', 'answer')
  for (let count = 0; count < 9; count++) expect(await status('GET', `/stock/find/${count}`)).toBe(200)
  expect(new Set(asked.map(one => one.slice(-2)))).toEqual(new Set(['n1', 'n2', 'n3']))
})

test('a GET that broke is asked of the next, until one answers', async () => {
  await behind('break', 'answer', 'break')
  for (let count = 0; count < 6; count++) expect(await status('GET', '/stock/find/1')).toBe(200)
  expect(asked.filter(one => one.endsWith('n2'))).toHaveLength(6)
})

test.each(['POST', 'PUT', 'DELETE'])('a %s that was sent and broke is asked of nobody else', async method => {
  await behind('break', 'break', 'break')
  expect(await status(method, '/kv/kv/a', method === 'DELETE' ? undefined : '1')).toBe(502)
  expect(asked).toHaveLength(1)
})

test('a POST that was not sent, as a node is away, is asked of the next', async () => {
  await behind('away', 'answer', 'away')
  for (let count = 0; count < 6; count++) expect(await status('POST', '/payment/create_user')).toBe(200)
  expect(asked).toHaveLength(6)
})

test('bodies as large as a node reads are let through, and no larger', async () => {
  await behind('answer', 'answer', 'answer')
  expect(await status('POST', '/tx', 'x'.repeat(1024 ** 2))).toBe(200)
  expect(await status('POST', '/tx', 'x'.repeat(1024 ** 2 + 1))).toBe(413)
  expect(asked).toHaveLength(1)
})
