/** The base port: what the cluster is made of, and the faults that only a launcher can cause. */
import { Hono } from 'hono'
import type { Launcher } from './launcher.ts'
import { clusterPage } from './page.ts'

export function launcherApp(launcher: Launcher): Hono {
  const app = new Hono()
  app.get('/', c => c.html(clusterPage(describe(launcher))))
  app.get('/healthz', c => c.json({ status: 'alive' }))
  app.get('/api/cluster', c => c.json(describe(launcher)))
  return app
}

export interface ClusterView {
  readonly cluster: string
  readonly data: string
  readonly faults: boolean
  readonly launcherPid: number
  readonly nodes: readonly ReturnType<Launcher['nodes'][number]['status']>[]
}

function describe(launcher: Launcher): ClusterView {
  return {
    cluster: launcher.cluster,
    data: launcher.config.data,
    faults: launcher.config.faults,
    launcherPid: process.pid,
    nodes: launcher.nodes.map(node => node.status()),
  }
}
