/** `cluster events`: what actors noted, what failed; all nodes in one feed. */
import type { NodeEvent } from '../../node/event-ring.ts'
import { Failure } from '../../node/failure.ts'
import { within } from '../arguments.ts'
import { answerWithinMs, nodeNamed, stoppedNodes } from '../ask-nodes.ts'
import {
  type FoundCluster,
  findCluster,
  getJson,
  type NodeAt,
  type WhereOptions,
  whereOptions,
} from '../find-cluster.ts'
import { colour, print, printJson } from '../output.ts'
import type { Verb } from '../verb.ts'

interface Options extends WhereOptions {
  readonly json?: true
  readonly follow?: true
  readonly node?: string
  readonly limit: number
}
const pollMs = 400
const most = 1000

export const events: Verb = {
  name: 'events',
  chapter: 'Looking',
  summary: 'what happens: leaders, recoveries, failures',
  examples: ['events', 'events --follow', 'events --node n2 --limit 50 --json'],
  define(command) {
    whereOptions(command)
      .option('--follow', 'go on until Ctrl-C')
      .option('--node <node>', 'only of this node')
      .option('--limit <n>', 'how many of the newest of each node', within(1, most), 30)
      .option('--json', 'print one JSON object per line')
      .action((options: Options) => act(options))
  },
}

async function act(options: Options): Promise<void> {
  const found = await findCluster(options)
  const nodes = options.node === undefined ? found.nodes : [nodeNamed(found, options.node)]
  const seen = new Map<string, number>()
  show(await newest(found, nodes, seen, options.limit), options)
  while (options.follow === true) {
    await new Promise(resolve => setTimeout(resolve, pollMs))
    show(await newest(found, nodes, seen, most), options)
  }
}

type NamedEvent = NodeEvent & { readonly node: string }

/** After what was seen of each node; a node that started again counts anew. */
async function newest(
  found: FoundCluster,
  nodes: readonly NodeAt[],
  seen: Map<string, number>,
  limit: number,
): Promise<NamedEvent[]> {
  const stopped = await stoppedNodes(found)
  const batches = await Promise.all(
    nodes.map(async ({ id, url }) => {
      const after = seen.get(id)
      const path = after === undefined ? '' : `&after=${after}`
      if (stopped.get(id) === 'paused') return []
      const events = await orNothing(
        getJson(`${url}/admin/events?limit=${limit}${path}`, found.token, answerWithinMs),
      )
      // Nobody answered: the node may come back with a feed that starts from 1.
      if (events === undefined) seen.set(id, 0)
      else seen.set(id, events.at(-1)?.sequence ?? after ?? 0)
      return (events ?? []).map(event => ({ node: id, ...event }))
    }),
  )
  return batches.flat().sort((a, b) => a.wallMs - b.wallMs)
}

async function orNothing(answer: Promise<unknown>): Promise<readonly NodeEvent[] | undefined> {
  try {
    return (await answer) as readonly NodeEvent[]
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

function show(events: readonly NamedEvent[], { json }: Options): void {
  for (const event of events) {
    if (json === true) printJson(event)
    else {
      const at = colour.dim(new Date(event.wallMs).toISOString().slice(11, 23))
      const details = Object.entries(event.attributes).map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      print([at, event.actor, colour.bold(event.name), ...details].join('  '))
    }
  }
}
