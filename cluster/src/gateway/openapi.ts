/** The OpenAPI 3.1 document, made from the routes themselves. */
import type { Route } from './route.ts'

/** RFC 9457; what a body beside these members means stands at the route. */
const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', pattern: '^urn:synod:problem:[a-z-]+$' },
    title: { type: 'string', minLength: 1 },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', minLength: 1 },
    reason: { type: 'string', description: 'why it was refused, for programs' },
    operation: {
      type: 'integer',
      minimum: 0,
      description: 'the operation that could not be, counted from 0',
    },
    transaction: { type: 'string', description: 'what GET /tx/{id} takes' },
    id: { type: 'string', description: 'what GET /tx/{id} takes: of the transaction that was refused' },
  },
}

/** Who may ask is decided before a route is looked for, but of these. */
const isPublic = (path: string) => path === '/healthz' || path === '/readyz'

/** What the edge answers before, or whatever the route. */
function edgeAnswers({ method, path, body }: Route): Readonly<Record<number, string>> {
  return {
    ...(path.includes('{') || method !== 'GET' ? { 400: 'not well formed' } : {}),
    ...(isPublic(path)
      ? {}
      : { 401: 'the caller is on another machine, and showed no token or a wrong one' }),
    ...(method === 'GET'
      ? {}
      : {
          403: 'the request comes from a page of another site',
          410: 'this Idempotency-Key is too old to tell: it may have committed; it will not run again',
          413: 'the body is too large',
          422: 'this Idempotency-Key was used for another request',
        }),
    ...(body === undefined ? {} : { 415: 'the body has a Content-Encoding' }),
    500: 'a defect of this node, whose log has the details; it may or may not have happened',
    503: 'unavailable or overloaded; this request did nothing (an earlier one under its key may have)',
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'makes the request safe to repeat on any node for 24 hours: done at most once, with one answer',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

export function openapi(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    paths[route.path] ??= {}
    const operations = paths[route.path] as Record<string, object>
    operations[route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Synod',
      version: '1',
      description: 'Transactions over replicated shards. Any node answers.',
    },
    paths,
    components: { schemas: { Problem: problemSchema } },
  }
}

function operation(route: Route): object {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: route.parameters?.[name] ?? { type: 'string' },
  }))
  const inQuery = Object.entries(route.query ?? {}).map(([name, schema]) => ({ name, in: 'query', schema }))
  return {
    summary: route.summary,
    tags: [route.tag],
    parameters: [...inPath, ...inQuery, ...(route.method === 'GET' ? [] : [idempotencyKey])],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: Object.fromEntries(
      Object.entries({ ...edgeAnswers(route), ...route.answers }).map(([status, description]) => [
        status,
        {
          description,
          ...(status === '503' ? { headers: retryAfter } : {}),
          content: content(route, status),
        },
      ]),
    ),
  }
}

const retryAfter = { 'Retry-After': { description: 'seconds', schema: { type: 'integer', minimum: 1 } } }

function content(route: Route, status: string): object {
  if (status === '200') {
    return { [route.text === true ? 'text/plain' : 'application/json']: { schema: route.result ?? {} } }
  }
  return { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
}
