/** The OpenAPI 3.1 document, made from the routes themselves. */
import type { Route } from './route.ts'

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
  }
}

function operation(route: Route): object {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = Object.entries(route.query ?? {}).map(([name, schema]) => ({ name, in: 'query', schema }))
  return {
    summary: route.summary,
    tags: [route.tag],
    parameters: [...inPath, ...inQuery],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: Object.fromEntries(
      Object.entries(route.answers).map(([status, description]) => [
        status,
        { description, content: content(route, status) },
      ]),
    ),
  }
}

function content(route: Route, status: string): object {
  if (status === '200') return { 'application/json': { schema: route.result ?? {} } }
  return { 'application/problem+json': { schema: { type: 'object' } } }
}
