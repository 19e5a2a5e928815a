/** Keys and values over HTTP: `/kv/{keyspace}/{key}`. */
import type { Operation, TransactAnswer } from '@synod/actors'
import type { Context } from 'hono'
import { z } from 'zod'
import { jsonBody } from './body.ts'
import { askSession, type GatewayNode } from './node.ts'
import { parseKey, parseName, refuseShopWrites } from './operations.ts'
import { failure, readFailure } from './outcome.ts'
import { parse } from './parse.ts'
import { BadInput, problem } from './problem.ts'
import { parameter, type Route } from './route.ts'
import { transact } from './transact.ts'

interface Place {
  readonly keyspace: string
  readonly key: string
}

const writeAnswers = {
  403: 'a keyspace of the shop, or a page of another site',
  404: 'no such keyspace',
  504: 'unknown',
}

const scanQuery = {
  prefix: { type: 'string' },
  after: { type: 'string' },
  limit: { type: 'integer', minimum: 1, maximum: 1000 },
}

export function kvRoutes(node: GatewayNode, deadlineMs: number): readonly Route[] {
  const tag = 'keys'
  const path = '/kv/{keyspace}/{key}'
  const versioned = { type: 'object', properties: { value: {}, version: { type: 'integer' } } }
  return [
    {
      method: 'GET',
      path: '/kv/{keyspace}',
      tag,
      summary: 'Keys with a prefix, in order',
      query: scanQuery,
      answers: { 200: 'entries, and whether there are more', 400: 'bad query', 404: 'no such keyspace' },
      handle: c => scan(c, node, deadlineMs),
    },
    {
      method: 'GET',
      path,
      tag,
      summary: 'A linearizable read',
      result: versioned,
      answers: { 200: 'value and version', 404: 'no such key or keyspace' },
      handle: c => get(c, node, deadlineMs),
    },
    {
      method: 'PUT',
      path,
      tag,
      summary: 'Write a JSON value',
      body: {},
      result: versioned,
      answers: { 200: 'written', 400: 'not JSON', ...writeAnswers },
      handle: c => put(c, node, deadlineMs),
    },
    {
      method: 'DELETE',
      path,
      tag,
      summary: 'Delete a key',
      answers: { 200: 'deleted', ...writeAnswers, 404: 'no such key or keyspace' },
      handle: c => remove(c, node, deadlineMs),
    },
    {
      method: 'POST',
      path: `${path}/cas`,
      tag,
      summary: 'Compare and swap; expect null: only when it does not exist',
      body: { type: 'object', required: ['expect', 'value'], properties: { expect: {}, value: {} } },
      result: { type: 'object', properties: { swapped: { type: 'boolean' } } },
      answers: { 200: 'whether it swapped', 400: 'bad body', ...writeAnswers },
      handle: c => cas(c, node, deadlineMs),
    },
  ]
}

function place(c: Context): Place {
  return { keyspace: parseName('keyspace', parameter(c, 'keyspace')), key: parseKey(parameter(c, 'key')) }
}

async function get(c: Context, node: GatewayNode, deadlineMs: number): Promise<Response> {
  const at = place(c)
  const asked = await askSession(node, { type: 'read', keys: [at], deadlineMs })
  if (asked.status !== 'answered') return readFailure(c, asked)
  const answer = asked.result
  if (answer.type !== 'read') throw new Error(`the session answered a read with ${answer.type}`)
  if (answer.status !== 'ok')
    return answer.status === 'refused'
      ? noKeyspace(c, answer.detail)
      : failure(c, answer.status, answer.detail)
  const [found] = answer.values
  if (found === undefined || found.version === 0) return missing(c, at)
  return c.json({ value: found.value, version: found.version })
}

async function scan(c: Context, node: GatewayNode, deadlineMs: number): Promise<Response> {
  const keyspace = parseName('keyspace', parameter(c, 'keyspace'))
  const limit = Number(c.req.query('limit') ?? '100')
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    throw new BadInput(`limit ${JSON.stringify(c.req.query('limit'))}: must be a whole number from 1 to 1000`)
  const after = c.req.query('after')
  const asked = await askSession(node, {
    type: 'scan',
    keyspace,
    prefix: c.req.query('prefix') ?? '',
    ...(after === undefined ? {} : { after }),
    limit,
    deadlineMs,
  })
  if (asked.status !== 'answered') return readFailure(c, asked)
  const answer = asked.result
  if (answer.type !== 'scanned') throw new Error(`the session answered a scan with ${answer.type}`)
  if (answer.status !== 'ok')
    return answer.status === 'refused'
      ? noKeyspace(c, answer.detail)
      : failure(c, answer.status, answer.detail)
  return c.json({ entries: answer.entries, more: answer.more })
}

async function put(c: Context, node: GatewayNode, deadlineMs: number): Promise<Response> {
  const at = place(c)
  const value = await jsonBody(c)
  if (value === null) throw new BadInput('the value is null: DELETE the key instead')
  return run(c, node, deadlineMs, [{ op: 'put', ...at, value: value as never }], ([written]) =>
    c.json({ value, version: written !== undefined && 'version' in written ? written.version : null }),
  )
}

async function remove(c: Context, node: GatewayNode, deadlineMs: number): Promise<Response> {
  const at = place(c)
  const operations: Operation[] = [
    { op: 'check', ...at, exists: true },
    { op: 'delete', ...at },
  ]
  return run(
    c,
    node,
    deadlineMs,
    operations,
    () => c.json({ deleted: true }),
    () => missing(c, at),
  )
}

const casBody = z.strictObject({
  expect: z.json(),
  value: z.json().refine(value => value !== null, 'must not be null'),
})

async function cas(c: Context, node: GatewayNode, deadlineMs: number): Promise<Response> {
  const at = place(c)
  const { expect, value } = parse(casBody, await jsonBody(c))
  const operations: Operation[] = [
    expect === null ? { op: 'check', ...at, exists: false } : { op: 'check', ...at, equals: expect as never },
    { op: 'put', ...at, value: value as never },
  ]
  const answer = (swapped: boolean) => () => c.json({ swapped })
  return run(c, node, deadlineMs, operations, answer(true), answer(false))
}

type Committed = Extract<TransactAnswer['outcome'], { status: 'committed' }>

/** One transaction; `onCheckFailed` says how a failed check reads on this route. */
async function run(
  c: Context,
  node: GatewayNode,
  deadlineMs: number,
  operations: readonly Operation[],
  onCommitted: (results: Committed['results']) => Response,
  onCheckFailed?: () => Response,
): Promise<Response> {
  refuseShopWrites(operations)
  const asked = await transact(c, node, deadlineMs, operations)
  if (asked.status !== 'answered') return failure(c, asked.status, asked.detail)
  const { outcome, id } = asked.result
  if (outcome.status === 'committed') return onCommitted(outcome.results)
  if (outcome.status !== 'refused') return failure(c, outcome.status, outcome.detail, id)
  if (outcome.reason === 'checkFailed' && onCheckFailed !== undefined) return onCheckFailed()
  if (outcome.reason === 'invalid') return noKeyspace(c, outcome.detail)
  return problem(c, 400, 'refused', outcome.detail, { members: { reason: outcome.reason } })
}

function missing(c: Context, at: Place): Response {
  return problem(c, 404, 'not-found', `keyspace ${at.keyspace} has no key ${JSON.stringify(at.key)}`)
}

function noKeyspace(c: Context, detail: string): Response {
  return problem(c, 404, 'not-found', detail)
}
