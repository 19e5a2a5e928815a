/** The HTTP edge of a node: routes as data, one place for 404, 405, oversized bodies and defects. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { maxBodyBytes } from './body.ts'
import { healthRoutes, type Metric } from './health.ts'
import { kvRoutes } from './kv.ts'
import type { GatewayNode } from './node.ts'
import { openapi } from './openapi.ts'
import { BadInput, problem } from './problem.ts'
import { honoPath, type Method, type Route } from './route.ts'
import { shopRoutes } from './shop.ts'
import { txRoutes } from './tx.ts'

export interface GatewayOptions {
  readonly node: GatewayNode
  /** How long a request is retried inside, in milliseconds. */
  readonly deadlineMs: number
  readonly metrics: () => readonly Metric[]
  /** A defect: something threw that was not bad input. */
  readonly onDefect: (error: Error, path: string) => void
}

export function createGateway(options: GatewayOptions): Hono {
  const { node, deadlineMs } = options
  const routes: Route[] = [
    ...shopRoutes(node, deadlineMs),
    ...kvRoutes(node, deadlineMs),
    ...txRoutes(node, deadlineMs),
    ...healthRoutes(node, options.metrics),
  ]
  const document: Route = {
    method: 'GET',
    path: '/openapi.json',
    tag: 'operations',
    summary: 'This document',
    answers: { 200: 'OpenAPI 3.1' },
    handle: c => c.json(openapi([...routes, document])),
  }
  const app = new Hono()
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: c => {
        // What is left of the body is not read: the connection cannot be used again, and the client must know.
        const headers = { Connection: 'close' }
        return problem(c, 413, 'too-large', `a body may have ${maxBodyBytes} bytes`, { headers })
      },
    }),
  )
  for (const route of [...routes, document]) app.on(route.method, honoPath(route.path), c => route.handle(c))
  refuseOtherMethods(app, [...routes, document])
  app.notFound(c =>
    problem(c, 404, 'no-such-route', `there is no ${c.req.method} ${c.req.path}; see /openapi.json`),
  )
  app.onError((error, c) => {
    if (error instanceof BadInput) return problem(c, error.status, error.type, error.message)
    options.onDefect(error, c.req.path)
    return problem(
      c,
      500,
      'internal-error',
      'the request met a defect of this server; its log has the details',
    )
  })
  return app
}

function refuseOtherMethods(app: Hono, routes: readonly Route[]): void {
  const methods = new Map<string, Method[]>()
  for (const { path, method } of routes) methods.set(path, [...(methods.get(path) ?? []), method])
  for (const [path, known] of methods) {
    const allow = known.join(', ')
    app.all(honoPath(path), c =>
      problem(c, 405, 'method-not-allowed', `${c.req.path} answers ${allow}, not ${c.req.method}`, {
        headers: { Allow: allow },
      }),
    )
  }
}
