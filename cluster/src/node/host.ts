/** Puts the runtime's node, its actors and the HTTP edge together behind one server. */
import { initialMap, nodeActors, type ShardMap } from '@synod/actors'
import { type NodeOptions, type RunningNode, startNode } from '@synod/runtime/host'
import { nodeId } from '@synod/runtime/protocol'
import type { Hono } from 'hono'
import { joinEndpoint, type NodeConfig } from '../config/config.ts'
import { type AdminOptions, adminApp, groupStatuses } from '../gateway/admin.ts'
import { Admission, admitting, defaultAdmission } from '../gateway/admission.ts'
import { createGateway } from '../gateway/app.ts'
import { clientPath, serveClients } from '../gateway/socket.ts'
import { isAdmin } from './access.ts'
import { agreementOf } from './agreement.ts'
import { EventRing } from './event-ring.ts'
import { Failure } from './failure.ts'
import { keepMap } from './kept-map.ts'
import { watchLinks } from './link-watch.ts'
import type { Log } from './log.ts'
import { Figures } from './metrics.ts'
import { watch } from './observer.ts'
import { Recovering } from './recovering.ts'
import { type Fetch, type NodeServer, pathOf } from './server.ts'

export interface HostedNode {
  /** The node takes part. */
  readonly whenReady: Promise<void>
  /** Every group of this node has a leader, or the time is up: then a majority of some group is away. */
  whenLed(withinMs: number): Promise<void>
  stop(): Promise<void>
}

/** What a node is put together from, where a test wants another part: a disk that is slow, full, or forgets. */
export type Parts = Pick<NodeOptions, 'openStorage'>

const meshPath = '/mesh'
export async function startHost(
  config: NodeConfig,
  door: NodeServer,
  log: Log,
  onFatal: (error: unknown) => void,
  parts: Parts = {},
): Promise<HostedNode> {
  const map = mapOf(config)
  keepMap(config.data, map)
  const events = new EventRing()
  const figures = new Figures()
  door.upgrades.add(meshPath).add(clientPath)
  const running: RunningNode = await startNode({
    cluster: config.cluster,
    node: nodeId(config.node),
    folder: config.data,
    secret: config.secret,
    agreement: agreementOf(
      config.node,
      config.members.map(member => member.id),
      map,
    ),
    members: config.members,
    server: door.server,
    actors: nodeActors({ node: nodeId(config.node), map }),
    observer: watch({ events, figures, log }),
    faults: config.faults,
    limits: { kernel: kernelLimits(config) },
    log,
    onFatal,
    ...parts,
  }).catch((error: unknown) => {
    // What keeps a node from starting says itself what to change: a store that is damaged, or not this node's.
    throw error instanceof Error ? new Failure(error.message) : error
  })
  const onDefect = (error: Error, path: string) =>
    log('error', 'a request met a defect', { path, err: error })
  const { waitMs } = config.limits
  const admission = new Admission({ ...defaultAdmission, waitMs }, () => performance.now())
  const admitted = admitting(running, admission)
  const closeClients = serveClients(door.server, admitted, onDefect)
  const metrics = () => [...figures.metrics(running), ...admission.metrics()]
  const recovery = new Recovering(running)
  const recovering = () => recovery.groups()
  door.serve(
    edge(
      config,
      running,
      createGateway({ node: admitted, deadlineMs: config.deadlineMs, metrics, recovering, onDefect }),
      { map, events, onDefect },
    ),
    path => mayBeRefused(path) && admission.refuses(),
  )
  const endWatch = watchLinks(() => running.links(), log)
  const stop = async () => {
    endWatch()
    closeClients()
    await running.stop()
  }
  return { whenReady: running.whenReady, whenLed: withinMs => whenLed(running, map, withinMs), stop }
}

const lookAgainMs = 20

async function whenLed(node: RunningNode, initial: ShardMap, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (performance.now() < deadline) {
    const statuses = await groupStatuses({ node, initial })
    if (statuses.every(status => 'leader' in status && status.leader !== null)) return
    await new Promise(resolve => setTimeout(resolve, lookAgainMs))
  }
}

/** Pure, so that every node computes the same; afterwards the directory's map is what counts. */
export function mapOf({ members, keyspaces }: Pick<NodeConfig, 'members' | 'keyspaces'>): ShardMap {
  return initialMap({
    nodes: members.map(member => nodeId(member.id)),
    keyspaces,
    directoryReplicas: Math.min(3, members.length),
  })
}

function kernelLimits({ limits: { mailbox, requests, turnEvents, turnMs } }: NodeConfig) {
  return { mailbox, requests, turnEvents, turnMs }
}

/** Whoever looks after a node must see it most when it is busy. */
const alwaysServed = new Set(['/healthz', '/readyz', '/metrics', '/openapi.json'])

function mayBeRefused(path: string): boolean {
  return !alwaysServed.has(path) && !isAdmin(path)
}

function edge(
  config: NodeConfig,
  running: RunningNode,
  gateway: Hono,
  shown: Pick<AdminOptions, 'events' | 'onDefect'> & { readonly map: ShardMap },
): Fetch {
  const admin = adminApp({
    onDefect: shown.onDefect,
    node: running,
    cluster: config.cluster,
    members: config.members.map(({ id, host, port }) => ({ id, url: `http://${joinEndpoint(host, port)}` })),
    initial: shown.map,
    events: shown.events,
    monotonicMs: () => performance.now(),
  })
  // Chosen here rather than by a router: the shop's requests pay nothing for the rest. And by the path that the door
  // has judged: no other one leads to `/admin`.
  return (request, env) => (isAdmin(pathOf(env.incoming)) ? admin : gateway).fetch(request, env)
}
