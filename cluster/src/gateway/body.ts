/** Request bodies: JSON, bounded, with errors that say what is wrong. */
import type { Context } from 'hono'
import { discard } from './discard.ts'
import { changedInteger, unfitness } from './plain-json.ts'
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
  const parts: Uint8Array[] = []
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.length
    if (bytes > maxBodyBytes) return tooLarge(c, reader)
    parts.push(value)
  }
  c.req.raw = new Request(c.req.raw, { body: Buffer.concat(parts) })
  return handle()
}

/** Where some of the body is still to come, the connection cannot be used again, and the client must know. */
async function tooLarge(
  c: Context,
  rest: ReadableStreamDefaultReader<Uint8Array> | undefined,
): Promise<Response> {
  const whole = rest === undefined || (await discard(rest))
  const headers: Record<string, string> = whole ? {} : { Connection: 'close' }
  return problem(c, 413, 'too-large', `a body may have ${maxBodyBytes} bytes`, { headers })
}

export async function jsonBody(c: Context): Promise<unknown> {
  refuseEncoded(c.req.header('content-encoding'))
  const text = await c.req.text()
  if (text === '') throw new BadInput('the body is empty: send a JSON value')
  const value = parsed(text)
  const why = unfitness(value)
  if (why !== undefined) throw new BadInput(`the body ${why}`)
  const changed = changedInteger(text)
  if (changed !== undefined) {
    throw new BadInput(
      `the body holds ${changed.slice(0, 40)}, which would come back as ${Number(changed)}: send it as a string`,
    )
  }
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
