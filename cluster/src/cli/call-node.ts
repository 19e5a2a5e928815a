/** Calls the public API of any node; the next one is asked only when the first cannot be reached at all. */

import { Failure } from '../node/failure.ts'
import { stoppedNodes } from './ask-nodes.ts'
import { answerOf, type Call, type FoundCluster, request } from './find-cluster.ts'

export interface Called {
  readonly status: number
  readonly body: unknown
}

/** Throws `Failure` when no node answers, or with what the answer says when it is not among `expected`. */
export async function callAny(
  found: FoundCluster,
  path: string,
  call: Omit<Call, 'token'> = {},
  expected: readonly number[] = [],
): Promise<Called> {
  let last = new Failure('no node runs')
  const stopped = await stoppedNodes(found)
  for (const { url } of found.nodes.filter(({ id }) => !stopped.has(id))) {
    let response: Response
    try {
      response = await request(`${url}${path}`, {
        ...call,
        token: found.token,
        timeoutMs: call.timeoutMs ?? 30_000,
      })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      last = error
      // What changes something may have reached a node that then fell silent: it is not sent twice.
      if ((call.method ?? 'GET') !== 'GET' && !error.message.includes('ECONNREFUSED')) {
        throw new Failure(`${error.message}; it may or may not have happened`)
      }
      continue
    }
    if (expected.includes(response.status)) return { status: response.status, body: await bodyOf(response) }
    return { status: response.status, body: await answerOf(response, `${url}${path}`) }
  }
  throw last
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  return /\bjson\b/.test(response.headers.get('content-type') ?? '') && text !== '' ? JSON.parse(text) : text
}
