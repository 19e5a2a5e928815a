/** `cluster nodes`: each node, what it remembers, and its links. */
import type { LinkStatus } from '@synod/runtime/host'
import { askAll, problems, type Told } from '../ask-nodes.ts'
import { look } from '../look.ts'
import { duration, table } from '../output.ts'

interface NodeView {
  readonly ready: boolean
  readonly incarnation: string
  readonly amnesiac: boolean
  readonly pid: number
  readonly uptimeMs: number
  readonly memoryBytes: number
  readonly turn: number
  readonly kernel: { readonly actors: number; readonly events: number } | null
}
interface Seen {
  readonly status: Told<NodeView>
  readonly links: Told<readonly LinkStatus[]>
}

export const nodes = look<object, readonly Seen[]>({
  name: 'nodes',
  summary: 'each node, and its links to the others',
  examples: ['nodes', 'nodes --json'],
  async see(found) {
    const [statuses, links] = await Promise.all([
      askAll<NodeView>(found, '/status'),
      askAll<readonly LinkStatus[]>(found, '/links'),
    ])
    return statuses.flatMap((status, at) => {
      const link = links[at]
      return link === undefined ? [] : [{ status, links: link }]
    })
  },
  show(seen) {
    const rows = seen.flatMap(({ status }) =>
      'answer' in status ? [{ id: status.id, ...status.answer }] : [],
    )
    const links = seen.flatMap(({ links: told }) =>
      'answer' in told ? told.answer.map(link => ({ id: told.id, ...link })) : [],
    )
    const nodeTable = table(rows, [
      { title: 'node', value: row => row.id },
      { title: 'ready', value: row => row.ready },
      { title: 'process', value: row => row.pid },
      { title: 'up', right: true, value: row => duration(row.uptimeMs) },
      { title: 'memory', right: true, value: row => `${Math.round(row.memoryBytes / 2 ** 20)} MiB` },
      { title: 'turn', right: true, value: row => row.turn },
      { title: 'actors', right: true, value: row => row.kernel?.actors },
      { title: 'events', right: true, value: row => row.kernel?.events },
      { title: 'incarnation', value: row => row.incarnation + (row.amnesiac ? ' (lost its memory)' : '') },
    ])
    const linkTable = table(links, [
      { title: 'link', value: link => `${link.id} → ${link.peer}` },
      { title: 'state', value: link => (link.reachable ? 'up' : link.state) },
      {
        title: 'rtt',
        right: true,
        value: link => (link.rttMs === undefined ? null : `${link.rttMs.toFixed(2)} ms`),
      },
      {
        title: 'phi',
        right: true,
        value: link => (Number.isFinite(link.phi) ? Number(link.phi).toFixed(1) : null),
      },
      { title: 'sent', right: true, value: link => link.sent },
      { title: 'received', right: true, value: link => link.received },
      { title: 'dropped', right: true, value: link => link.dropped },
      { title: 'waiting', right: true, value: link => `${link.queuedBytes} B` },
      { title: 'last ended by', value: link => link.lastClose },
    ])
    return `${problems(seen.map(one => one.status))}${nodeTable}\n\n${linkTable}`
  },
})
