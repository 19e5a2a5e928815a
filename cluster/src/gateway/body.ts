/** Request bodies: JSON, bounded, with errors that say what is wrong. */
import type { Context } from 'hono'
import { discard } from './discard.ts'
import { unfitText } from './plain-json.ts'
import { BadInput, problem } from './problem.ts'

/** Largest body that is read, in bytes. */
export const maxBodyBytes = 1024 * 1024

/**
 * Handles a request whose body is not too large. A length says so without touching the body, and what Node took from a
 * connection without length and transfer coding has none (RFC 9112 §6.3): looking at a `Request`'s body builds a
 * stream, which costs more than the rest of the edge.
 */
export function boundBody(
  c: Context,
  handle: () => Promise<Response> | Response,
): Promise<Response> | Response {
  if (c.req.method === 'GET') return handle()
  const { headers } = c.req.raw
  const length = headers.get('content-length')
  if (length !== null && !headers.has('transfer-encoding')) {
    return Number(length) > maxBodyBytes ? tooLarge(c, c.req.raw.body?.getReader()) : handle()
  }
  const fromNode = (c.env as { incoming?: unknown } | undefined)?.incoming !== undefined
  return fromNode && length === null && !headers.has('transfer-encoding') ? handle() : boundUnsized(c, handle)
}

/** The body is read here, up to the bound; the handler finds it read. */
async function boundUnsized(c: Context, handle: () => Promise<Response> | Response): Promise<Response> {
  const reader = c.req.raw.body?.getReader()
  if (reader === undefined) return handle()
  // One piece of memory: chunks may be of a byte each, and an object for each is a hundred times as large.
  let body = new Uint8Array(16 * 1024)
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const end = bytes + value.length
    if (end > maxBodyBytes) return tooLarge(c, reader)
    if (end > body.length) body = enlarged(body, end)
    body.set(value, bytes)
    bytes = end
  }
  c.req.raw = new Request(c.req.raw, { body: body.subarray(0, bytes) })
  return handle()
}

function enlarged(body: Uint8Array, atLeast: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(2 * body.length, atLeast))
  larger.set(body)
  return larger
}

/**
 * The whole answer leaves at once, and ends with what is left of the body: a connection that is closed over unread
 * bytes is reset, and takes the answer with it (RFC 9112 §9.6), as many clients read nothing before they have sent
 * all.
 */
async function tooLarge(
  c: Context,
  rest: ReadableStreamDefaultReader<Uint8Array> | undefined,
): Promise<Response> {
  const answer = problem(c, 413, 'too-large', `a body may have ${maxBodyBytes} bytes`)
  if (rest === undefined) return answer
  const text = new Uint8Array(await answer.arrayBuffer())
  const headers = new Headers(answer.headers)
  headers.set('Content-Length', String(text.length))
  async function* lingering() {
    yield text
    await discard(rest as NonNullable<typeof rest>)
  }
  return new Response(ReadableStream.from(lingering()), { status: answer.status, headers })
}

export async function jsonBody(c: Context): Promise<unknown> {
  refuseEncoded(c.req.header('content-encoding'))
  const text = await c.req.text()
  if (text === '') throw new BadInput('the body is empty: send a JSON value')
  const value = parsed(text)
  const why = unfitText(text, value)
  if (why !== undefined) throw new BadInput(`the body ${why}`)
  return value
}

/** Bounds are of what is read: what unpacks to more has none. */
function refuseEncoded(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  const detail = `Content-Encoding ${JSON.stringify(encoding.slice(0, 40))}: send the body as it is`
  throw new BadInput(detail, 415, 'unsupported-encoding')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BadInput(`the body is not JSON: ${(error as Error).message}`)
  }
}
