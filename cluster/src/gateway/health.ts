/** `/healthz` (the process lives), `/readyz` (it can serve), `/metrics` (Prometheus text). */
import type { GatewayNode } from './node.ts'
import { problem } from './problem.ts'
import type { Route } from './route.ts'

export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[]
}

export function healthRoutes(node: GatewayNode, metrics: () => readonly Metric[]): readonly Route[] {
  const tag = 'operations'
  return [
    {
      method: 'GET',
      path: '/healthz',
      tag,
      summary: 'The process lives',
      answers: { 200: 'alive' },
      handle: c => c.json({ status: 'alive', node: node.node }),
    },
    {
      method: 'GET',
      path: '/readyz',
      tag,
      summary: 'The node can serve',
      answers: { 200: 'ready', 503: 'not yet' },
      handle: c =>
        node.ready()
          ? c.json({ status: 'ready', node: node.node })
          : problem(c, 503, 'unavailable', 'this node has not heard from a majority yet', {
              headers: { 'Retry-After': '1' },
            }),
    },
    {
      method: 'GET',
      path: '/metrics',
      tag,
      summary: 'Prometheus metrics',
      answers: { 200: 'text' },
      handle: c =>
        c.body(prometheus(metrics()), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }),
    },
  ]
}

export function prometheus(metrics: readonly Metric[]): string {
  return metrics
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
    ])
    .map(line => `${line}\n`)
    .join('')
}

function labelText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
