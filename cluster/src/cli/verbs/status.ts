/** `cluster status`: what runs, and how well. */
import type { LinkStatus } from '@synod/runtime/host'
import type { GroupRow } from '../../gateway/admin.ts'
import type { ClusterView } from '../../launcher/http.ts'
import { answered, askAll, type Told } from '../ask-nodes.ts'
import { type FoundCluster, getJson } from '../find-cluster.ts'
import { look } from '../look.ts'
import { state, table } from '../output.ts'
import { summarize } from './groups.ts'

interface NodeLine {
  readonly id: string
  readonly url: string
  readonly pid: number | null
  readonly restarts: number | null
  readonly state: string
  readonly detail: string
}
interface Seen {
  readonly cluster: string
  readonly data: string | null
  readonly faults: readonly string[] | null
  readonly nodes: readonly NodeLine[]
  readonly groups: { readonly total: number; readonly led: number }
  /** Between nodes that were configured differently. */
  readonly disagreements: readonly string[]
}

export const status = look<object, Seen>({
  name: 'status',
  summary: 'what runs, and how well',
  examples: ['status', 'status --json', 'status --url http://127.0.0.1:8001'],
  async see(found) {
    const [rows, links, top] = await Promise.all([
      askAll<readonly GroupRow[]>(found, '/groups'),
      askAll<readonly LinkStatus[]>(found, '/links'),
      found.launcher === undefined ? fromNodes(found) : fromLauncher(found, found.launcher),
    ])
    const groups = summarize(rows)
    const led = groups.filter(group => group.leader !== null).length
    return { ...top, groups: { total: groups.length, led }, disagreements: disagreementsIn(links) }
  },
  show({ cluster, data, faults, nodes, groups, disagreements }) {
    const allowed = faults === null ? 'off' : faults.length === 0 ? 'allowed, none now' : faults.join('; ')
    const body = table(nodes, [
      { title: 'node', value: node => node.id },
      { title: 'url', value: node => node.url },
      { title: 'process', value: node => node.pid },
      { title: 'restarts', right: true, value: node => node.restarts },
      { title: 'state', value: node => state(node.state) + (node.detail === '' ? '' : ` (${node.detail})`) },
    ])
    const head = [
      `cluster  ${cluster}`,
      ...(data === null ? [] : [`data     ${data}`]),
      `faults   ${allowed}`,
    ]
    const disagree = disagreements.map(text => `disagree ${text}`)
    return [...head, `groups   ${groups.led} of ${groups.total} have a leader`, ...disagree, '', body].join(
      '\n',
    )
  },
})

async function fromLauncher(
  found: FoundCluster,
  url: string,
): Promise<Omit<Seen, 'groups' | 'disagreements'>> {
  const view = (await getJson(`${url}/api/cluster`, found.token)) as ClusterView
  const faults = view.faultsAllowed ? view.faults.map(fault => fault.text) : null
  return { cluster: view.cluster, data: view.data, faults, nodes: view.nodes }
}

/** Each pair of nodes once, with what its link says of why it is down. */
function disagreementsIn(told: readonly Told<readonly LinkStatus[]>[]): string[] {
  const found = new Map<string, string>()
  for (const { id, answer: links } of answered(told)) {
    for (const { peer, state, lastClose } of links) {
      const why = state === 'connected' ? undefined : /\bdisagree: (.*)/.exec(lastClose ?? '')?.[1]
      if (why !== undefined) found.set([id, peer].sort().join(' – '), why)
    }
  }
  return [...found].map(([pair, why]) => `${pair}: ${why}`)
}

interface NodeStatusAnswer {
  readonly cluster: string
  readonly ready: boolean
  readonly pid: number
  /** Rules in force; null: none are allowed. */
  readonly faults: number | null
}

/** Of a cluster without a launcher: nodes on machines of their own. */
async function fromNodes(found: FoundCluster): Promise<Omit<Seen, 'groups' | 'disagreements'>> {
  const told = await askAll<NodeStatusAnswer>(found, '/status')
  const nodes = told.map(one => {
    const { id, url } = one
    if ('problem' in one) return { id, url, pid: null, restarts: null, state: 'down', detail: one.problem }
    const { pid, ready } = one.answer
    return { id, url, pid, restarts: null, state: ready ? 'ready' : 'joining', detail: '' }
  })
  const known = told.flatMap(one => ('answer' in one ? [one.answer.cluster] : []))
  return { cluster: known[0] ?? 'unknown', data: null, faults: faultsOf(told), nodes }
}

/** Nodes know the rules for messages only; what else is broken only a launcher knows. */
function faultsOf(told: readonly Told<NodeStatusAnswer>[]): readonly string[] | null {
  const counts = told.flatMap(one => ('answer' in one && one.answer.faults !== null ? [one] : []))
  if (counts.length === 0) return null
  return counts.flatMap(({ id, answer }) => (answer.faults ? [`${answer.faults} for messages at ${id}`] : []))
}
