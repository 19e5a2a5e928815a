/** The launcher's server: everything on it is administration, so callers are held to the rules of `/admin`. */
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { deny } from '../node/access.ts'
import { answerGarbage, badRequest, callerOf, refuse } from '../node/server.ts'

export function baseServer(app: Hono, adminToken: string): Server {
  const listener = getRequestListener(app.fetch, { errorHandler: badRequest })
  const server = createServer((request, response) => {
    const caller = callerOf(request)
    const denied = deny({ ...caller, path: `/admin${caller.path}` }, { access: undefined, admin: adminToken })
    if (denied === undefined) void listener(request, response)
    else refuse(response, denied)
  })
  return server.on('clientError', answerGarbage)
}
