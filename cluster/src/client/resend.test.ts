/** A request that is sent again after its node was lost: what happened the first time is never denied. */
import { decode, encode } from '@synod/runtime/protocol'
import { afterEach, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { type Client, connect, IndefiniteError, Unavailable } from './index.ts'

let server: WebSocketServer | undefined
let client: Client | undefined
afterEach(() => {
  client?.close()
  server?.close()
})

interface Asked {
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
  const at = listening.address()
  const port = typeof at === 'object' ? at?.port : 0
  client = connect([`http://127.0.0.1:${port}`], { deadlineMs })
  return asked
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
  await serve(300, 'lost', unavailable)
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
