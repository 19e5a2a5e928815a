/** The base port: what the cluster is made of, and the faults that only a launcher can cause. */
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { clusterCommand } from '../config/command.ts'
import { jsonBody } from '../gateway/body.ts'
import { parse } from '../gateway/parse.ts'
import { BadInput } from '../gateway/problem.ts'
import { exitCode, Failure } from '../node/failure.ts'
import { faultSchema } from './fault-requests.ts'
import type { ActiveFault, Faults } from './faults.ts'
import type { Led } from './leaders.ts'
import type { NodeStatus } from './node-process.ts'
import { clusterPage } from './page.ts'

export interface ClusterView {
  readonly cluster: string
  readonly data: string
  readonly launcherPid: number
  readonly faultsAllowed: boolean
  readonly faults: readonly ActiveFault[]
  readonly nodes: readonly NodeStatus[]
}

export interface LauncherPort {
  view(): ClusterView
  led(): Promise<Led>
  /** Undefined unless the cluster was started for faults. */
  readonly faults: Faults | undefined
}

export function launcherApp(launcher: LauncherPort): Hono {
  const app = new Hono()
  app.get('/', async c => c.html(clusterPage(launcher.view(), await launcher.led())))
  app.get('/healthz', c => c.json({ status: 'alive' }))
  app.get('/api/cluster', c => c.json(launcher.view()))
  const { faults } = launcher
  if (faults === undefined) {
    app.all('/api/faults', c => {
      const remedy = `end it, then: ${clusterCommand} start --faults --data ${launcher.view().data}`
      const what = 'the cluster was started without --faults: nothing here can break it'
      return problem(c, 404, `${what}; ${remedy} (the data stays)`)
    })
  } else {
    app.get('/api/faults', c => c.json(faults.list()))
    app.post('/api/faults', c => cause(c, faults))
    app.delete('/api/faults', async c => {
      await faults.reset()
      return c.json(faults.list())
    })
  }
  app.notFound(c => problem(c, 404, `there is no ${c.req.method} ${c.req.path} here; nodes serve the shop`))
  app.onError((error, c) => {
    if (error instanceof BadInput) return problem(c, error.status, error.message)
    if (error instanceof Failure)
      return problem(c, error.exitCode === exitCode.usage ? 400 : 409, error.message)
    return problem(c, 500, error.message)
  })
  return app
}

async function cause(c: Context, faults: Faults): Promise<Response> {
  await faults.cause(parse(faultSchema, await jsonBody(c)))
  return c.json(faults.list())
}

function problem(c: Context, status: ContentfulStatusCode, detail: string): Response {
  // What was typed wrong has the type that the gateway gives it: a command line that meets it ends with "usage".
  const type = status === 400 ? 'urn:synod:problem:bad-request' : 'about:blank'
  const body = { type, title: 'The launcher refused', status, detail }
  return c.body(JSON.stringify(body), status, { 'Content-Type': 'application/problem+json' })
}
