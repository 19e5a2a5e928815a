/**
 * `/admin` on every node: what the command line and the dashboard look at, and the message faults of a node that was
 * started for them. Who may call it is decided before (node/access.ts).
 */
import {
  directoryGroup,
  frontDoor,
  type GroupStatus,
  type MapAnswer,
  type NotLeader,
  type ShardMap,
} from '@synod/actors'
import type { Answer, FaultPlane, Kernel, LinkStatus } from '@synod/runtime/host'
import { type ActorId, actorId, type NodeId } from '@synod/runtime/protocol'
import { type Context, Hono } from 'hono'
import type { NodeEvent } from '../node/event-ring.ts'
import { faultRoutes } from './faults.ts'
import { toJson } from './json.ts'
import type { GatewayNode } from './node.ts'
import { BadInput, problem } from './problem.ts'

export interface AdminNode extends Omit<GatewayNode, 'request'> {
  /** Undefined until the node knows its standing. */
  readonly kernel: Pick<Kernel, 'actors' | 'inspect' | 'deadLetters' | 'stats'> | undefined
  readonly identity: { readonly incarnation: string; readonly amnesiac: boolean } | undefined
  readonly faults: FaultPlane | undefined
  links(): readonly LinkStatus[]
  /** The last committed turn. */
  turn(): number
}
export interface AdminOptions {
  readonly node: AdminNode
  readonly cluster: string
  readonly members: readonly { readonly id: string; readonly url: string }[]
  /** As the configuration made it; what counts is the directory's, which this helps to find. */
  readonly initial: ShardMap
  readonly events: {
    after(sequence: number, limit: number): readonly NodeEvent[]
    last(count: number): readonly NodeEvent[]
  }
  readonly monotonicMs: () => number
  readonly onDefect: (error: Error, path: string) => void
}

const askMs = 3000
const mostEvents = 1000
const mostSlots = 1000

/** Serves what begins with `/admin`. */
export function adminApp(options: AdminOptions): Hono {
  const { node } = options
  const app = new Hono().basePath('/admin')
  app.get('/status', c => json(c, statusOf(options)))
  app.get('/actors', c => json(c, node.kernel?.actors() ?? []))
  app.get('/inspect/:type/:name', c => inspect(c, options))
  app.get('/links', c => json(c, node.links()))
  app.get('/deadletters', c => json(c, node.kernel?.deadLetters() ?? { counts: {}, recent: [] }))
  app.get('/events', c => events(c, options))
  app.get('/map', c => shardMap(c, options))
  app.get('/groups', async c => json(c, await groupStatuses(options)))
  app.get('/audit/:group', c => askGroup(c, options, { type: 'group.audit' }))
  app.get('/log/:group', c => log(c, options))
  // Only a leader knows what is under way; another member answers `notLeader` with the one it knows.
  app.get('/txns/:group', c => askGroup(c, options, { type: 'transactions' }))
  app.route('/faults', faultRoutes(node, options.monotonicMs))
  app.onError((error, c) => {
    if (error instanceof BadInput) return problem(c, error.status, error.type, error.message)
    options.onDefect(error, c.req.path)
    return problem(c, 500, 'internal-error', `the request met a defect of this server: ${error.message}`)
  })
  app.notFound(c => problem(c, 404, 'no-such-route', `there is no ${c.req.method} ${c.req.path}`))
  return app
}

function json(c: Context, value: unknown): Response {
  return c.body(toJson(value), 200, { 'Content-Type': 'application/json' })
}

function statusOf({ node, cluster, members }: AdminOptions) {
  return {
    cluster,
    node: node.node,
    ready: node.ready(),
    incarnation: node.identity?.incarnation ?? '',
    amnesiac: node.identity?.amnesiac ?? false,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
    memoryBytes: process.memoryUsage.rss(),
    kernel: node.kernel?.stats() ?? null,
    turn: node.turn(),
    faults: node.faults === undefined ? null : node.faults.rules().length,
    nodes: members,
  }
}

function inspect(c: Context, { node }: AdminOptions): Response {
  const id: ActorId = actorId(c.req.param('type') ?? '', c.req.param('name') ?? '')
  const view = node.kernel?.inspect(id)
  return view === undefined
    ? problem(c, 404, 'not-found', `no actor ${id} on node ${node.node}; see: pnpm cluster actors`)
    : json(c, view)
}

function events(c: Context, options: AdminOptions): Response {
  const limit = Math.min(whole(c.req.query('limit'), 100), mostEvents)
  const after = c.req.query('after')
  return json(
    c,
    after === undefined ? options.events.last(limit) : options.events.after(whole(after, 0), limit),
  )
}

interface LocalOptions {
  readonly node: Omit<GatewayNode, 'request'>
  readonly initial: ShardMap
}

/** The groups with a member on this node. */
function localGroups({ node, initial }: LocalOptions): string[] {
  const own = Object.values(initial.groups).filter(group => group.members.includes(node.node))
  return own.map(group => group.group)
}

export type GroupRow = GroupStatus | { readonly group: string; readonly problem: string }

/** What each member on this node says of its group. */
export async function groupStatuses(options: LocalOptions): Promise<GroupRow[]> {
  return Promise.all(
    localGroups(options).map(async group => {
      const answer = await askLearner(options.node, group, { type: 'group.status' })
      return answer.outcome === 'answered'
        ? (answer.result as GroupStatus)
        : { group, problem: whyNot(answer) }
    }),
  )
}

async function askGroup(c: Context, options: AdminOptions, query: unknown): Promise<Response> {
  const group = c.req.param('group') ?? ''
  const local = localGroups(options)
  if (!local.includes(group)) {
    return problem(
      c,
      404,
      'not-found',
      `no member of group ${group} on node ${options.node.node}; here: ${local.join(', ')}`,
    )
  }
  const answer = await askLearner(options.node, group, query)
  return answer.outcome === 'answered'
    ? json(c, answer.result)
    : problem(c, 503, 'unavailable', whyNot(answer))
}

/** By default the newest slots. */
async function log(c: Context, options: AdminOptions): Promise<Response> {
  const [from, to] = [c.req.query('from'), c.req.query('to')]
  if (from !== undefined || to !== undefined) {
    const first = whole(from, 1)
    const last = Math.min(whole(to, first + 99), first + mostSlots - 1)
    return askGroup(c, options, { type: 'group.log', from: first, to: last })
  }
  const status = await askLearner(options.node, c.req.param('group') ?? '', { type: 'group.status' })
  const chosen = status.outcome === 'answered' ? ((status.result as { chosen?: number }).chosen ?? 0) : 0
  const count = Math.min(whole(c.req.query('limit'), 20), mostSlots)
  return askGroup(c, options, { type: 'group.log', from: Math.max(1, chosen - count + 1), to: chosen })
}

/** From the directory's leader; the configuration's own map when no leader answers. */
async function shardMap(c: Context, { node, initial }: AdminOptions): Promise<Response> {
  const members = initial.groups[directoryGroup]?.members ?? []
  let next: NodeId | undefined = members[0]
  for (let tries = 0; tries < 2 * members.length && next !== undefined; tries++) {
    const answer: Answer = await node.ask(frontDoor(next, directoryGroup), { type: 'getMap' }, askMs)
    const result = answer.outcome === 'answered' ? (answer.result as MapAnswer | NotLeader) : undefined
    if (result?.type === 'map') return json(c, { source: 'directory', ...result.map })
    const hinted: NodeId | undefined = members.find(member => member === result?.leader)
    next = hinted ?? members[(members.indexOf(next) + 1) % members.length]
  }
  return json(c, { source: 'configuration', ...initial })
}

function askLearner(node: Pick<GatewayNode, 'node' | 'ask'>, group: string, query: unknown): Promise<Answer> {
  return node.ask(frontDoor(node.node, group), query, askMs)
}

function whyNot(answer: Exclude<Answer, { outcome: 'answered' }>): string {
  return answer.outcome === 'timeout' ? `no answer within ${askMs} ms` : answer.reason
}

function whole(text: string | undefined, fallback: number): number {
  const value = Number(text)
  return text !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : fallback
}
