/** `/healthz` (the process lives), `/readyz` (it takes part with all its votes), `/metrics` (Prometheus text). */
import type { GatewayNode } from './node.ts'
import { problem } from './problem.ts'
import type { Route } from './route.ts'

export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[]
}

export interface Health {
  readonly node: Pick<GatewayNode, 'node' | 'ready'>
  readonly metrics: () => readonly Metric[]
  /** Groups in which this node has no vote yet, as it lost its memory. */
  readonly recovering: () => readonly string[]
}

export function healthRoutes({ node, metrics, recovering }: Health): readonly Route[] {
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
      summary: 'The node takes part: it has heard from a majority and votes in its groups',
      answers: { 200: 'ready', 503: 'not yet' },
      handle: c => {
        const groups = recovering()
        if (node.ready() && groups.length === 0) return c.json({ status: 'ready', node: node.node })
        const why = node.ready()
          ? `this node lost its memory and has not caught up yet in ${groups.join(', ')}: for that it needs the others`
          : 'this node has not heard from a majority yet'
        return problem(c, 503, 'unavailable', why, { headers: { 'Retry-After': '1' } })
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      tag,
      summary: 'Prometheus metrics',
      result: { type: 'string' },
      text: true,
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
