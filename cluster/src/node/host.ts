/** Puts the runtime's node, its actors and the HTTP edge together behind one server. */
import { Hono } from 'hono'
import type { NodeConfig } from '../config/config.ts'
import type { Log } from './log.ts'
import type { NodeServer } from './server.ts'

export interface HostedNode {
  readonly whenReady: Promise<void>
  stop(): Promise<void>
}

export async function startHost(
  config: NodeConfig,
  door: NodeServer,
  _log: Log,
  _onFatal: (error: Error) => void,
): Promise<HostedNode> {
  const app = new Hono()
  app.get('/healthz', c => c.json({ status: 'alive', node: config.node }))
  app.get('/readyz', c => c.json({ status: 'ready', node: config.node }))
  door.serve((request, env) => app.fetch(request, env as object))
  return { whenReady: Promise.resolve(), stop: () => Promise.resolve() }
}
