/** The HTTP edge of a node: routes as data, one place for 404, 405, oversized bodies and defects. */
import { type Context, Hono } from 'hono'
import { boundBody } from './body.ts'
import { healthRoutes, type Metric } from './health.ts'
import { kvRoutes } from './kv.ts'
import type { GatewayNode } from './node.ts'
import { openapi } from './openapi.ts'
import { BadInput, problem } from './problem.ts'
import { honoPath, methods, type Route } from './route.ts'
import { shopRoutes } from './shop.ts'
import { txRoutes } from './tx.ts'
import { refuseStrange } from './url.ts'

export interface GatewayOptions {
  readonly node: GatewayNode
  /** How long a request is retried inside, in milliseconds. */
  readonly deadlineMs: number
  readonly metrics: () => readonly Metric[]
  /** Groups in which this node has no vote yet. */
  readonly recovering: () => readonly string[]
  /** A defect: something threw that was not bad input. */
  readonly onDefect: (error: Error, path: string) => void
}

export function createGateway(options: GatewayOptions): Hono {
  const { node, deadlineMs } = options
  const routes: Route[] = [
    ...shopRoutes(node, deadlineMs),
    ...kvRoutes(node, deadlineMs),
    ...txRoutes(node, deadlineMs),
    ...healthRoutes(options),
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
  // One handler for each route and nothing in front of it: Hono then calls it directly.
  for (const route of [...routes, document]) {
    const query = Object.keys(route.query ?? {})
    // Clients of the shop's routes, and whoever looks after nodes, may hang something of their own to a URL that
    // takes no query: nothing can be misread there.
    const takesQuery = route.tag === 'keys' || route.tag === 'transactions'
    app.on(route.method, honoPath(route.path), c => {
      refuseStrange(c.req.raw.url, takesQuery ? query : undefined)
      return boundBody(c, () => route.handle(c))
    })
  }
  app.notFound(c => {
    const allow = otherMethods(app, c)
    if (allow === '') {
      const hint = /^\/kv\/[^/]*\/[^/]*\//.test(c.req.path) ? '; a / inside a key is written %2F' : ''
      const detail = `there is no ${c.req.method} ${c.req.path}${hint}; see /openapi.json`
      return problem(c, 404, 'no-such-route', detail)
    }
    const detail = `${c.req.path} answers ${allow}, not ${c.req.method}`
    return problem(c, 405, 'method-not-allowed', detail, { headers: { Allow: allow } })
  })
  app.onError((error, c) => {
    if (error instanceof BadInput) return problem(c, error.status, error.type, error.message)
    if ('code' in error && error.code === 'ECONNRESET') {
      return problem(c, 400, 'bad-request', 'the body did not arrive: the client closed the connection')
    }
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

/** Those that this path has a route for; empty when it has none. */
function otherMethods(app: Hono, c: Context): string {
  return methods.filter(method => app.router.match(method, c.req.path)[0].length > 0).join(', ')
}
