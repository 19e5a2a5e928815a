/** One-shot transactions: `POST /tx`, and what became of one: `GET /tx/{id}`. */
import type { Outcome } from '@synod/actors'
import type { Context } from 'hono'
import { jsonBody } from './body.ts'
import { askSession, type GatewayNode } from './node.ts'
import { parseTransaction, transactionJsonSchema } from './operations.ts'
import { failure } from './outcome.ts'
import { problem } from './problem.ts'
import { parameter, type Route } from './route.ts'
import { transact } from './transact.ts'
import { readHandle } from './tx-id.ts'

export function txRoutes(node: GatewayNode, deadlineMs: number): readonly Route[] {
  const tag = 'transactions'
  return [
    {
      method: 'POST',
      path: '/tx',
      tag,
      summary: 'Run operations as one atomic, serializable transaction',
      body: transactionJsonSchema,
      answers: {
        200: 'committed, with a result per operation',
        400: 'bad operation',
        403: 'a keyspace of the shop would be written, or a page of another site asks',
        409: 'refused: a check failed or a bound would be left; nothing changed',
        504: 'unknown',
      },
      handle: c => run(c, node, deadlineMs),
    },
    {
      method: 'GET',
      path: '/tx/{id}',
      tag,
      summary: 'What became of a transaction',
      answers: {
        200: 'committed',
        404: 'nothing is known of it: it did not happen so far',
        409: 'refused',
        410: 'too old to tell',
        504: 'unknown',
      },
      handle: c => lookup(c, node, deadlineMs),
    },
  ]
}

async function run(c: Context, node: GatewayNode, deadlineMs: number): Promise<Response> {
  const operations = parseTransaction(await jsonBody(c))
  const asked = await transact(c, node, deadlineMs, operations)
  if (asked.status !== 'answered') return failure(c, asked.status, asked.detail)
  const { outcome, id } = asked.result
  return outcomeResponse(c, outcome, id)
}

async function lookup(c: Context, node: GatewayNode, deadlineMs: number): Promise<Response> {
  const handle = parameter(c, 'id')
  const asked = await askSession(node, { type: 'lookup', ...readHandle(handle), deadlineMs })
  if (asked.status !== 'answered') return failure(c, asked.status, asked.detail)
  const answer = asked.result
  if (answer.type !== 'transacted') throw new Error(`the session answered a lookup with ${answer.type}`)
  const { outcome } = answer
  // The group's word, not this node's: it was asked, and knows nothing.
  return outcome.status === 'unavailable' ? notKnown(c, handle) : outcomeResponse(c, outcome, handle)
}

function notKnown(c: Context, transaction: string): Response {
  const detail =
    'nothing is known of it now: it did not happen so far; if its request may still be under way, ask again'
  return problem(c, 404, 'not-found', detail, { members: { transaction } })
}

function outcomeResponse(c: Context, outcome: Outcome, id: string): Response {
  switch (outcome.status) {
    case 'committed':
      return c.json({ id, status: 'committed', results: outcome.results })
    case 'refused': {
      const { reason, operation, detail } = outcome
      const status = reason === 'invalid' || reason === 'tooLarge' ? 400 : 409
      const hint = reason === 'missing' ? '; give `initial`' : ''
      return problem(c, status, 'refused', detail + hint, { members: { id, reason, operation } })
    }
    default:
      return failure(c, outcome.status, outcome.detail, id)
  }
}
