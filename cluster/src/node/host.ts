/** Puts the runtime's node, its actors and the HTTP edge together behind one server. */
import { initialMap, nodeActors, type ShardMap } from '@synod/actors'
import { type RunningNode, startNode } from '@synod/runtime/host'
import { nodeId } from '@synod/runtime/protocol'
import { joinEndpoint, type NodeConfig } from '../config/config.ts'
import { adminApp, groupStatuses } from '../gateway/admin.ts'
import { createGateway } from '../gateway/app.ts'
import { clientPath, serveClients } from '../gateway/socket.ts'
import { EventRing } from './event-ring.ts'
import { Failure } from './failure.ts'
import { keepMap } from './kept-map.ts'
import { watchLinks } from './link-watch.ts'
import type { Log } from './log.ts'
import { Figures } from './metrics.ts'
import { watch } from './observer.ts'
import type { Fetch, NodeServer } from './server.ts'

export interface HostedNode {
  /** The node takes part. */
  readonly whenReady: Promise<void>
  /** Every group of this node has a leader, or the time is up: then a majority of some group is away. */
  whenLed(withinMs: number): Promise<void>
  stop(): Promise<void>
}

const meshPath = '/mesh'
const adminPath = '/admin'
export async function startHost(
  config: NodeConfig,
  door: NodeServer,
  log: Log,
  onFatal: (error: unknown) => void,
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
    members: config.members,
    server: door.server,
    actors: nodeActors({ node: nodeId(config.node), map }),
    observer: watch({ events, figures, log, node: () => running, onFatal }),
    faults: config.faults,
    limits: { kernel: kernelLimits(config) },
    log,
    onFatal,
  }).catch((error: unknown) => {
    // What keeps a node from starting says itself what to change: a store that is damaged, or not this node's.
    throw error instanceof Error ? new Failure(error.message) : error
  })
  const onDefect = (error: Error, path: string) =>
    log('error', 'a request met a defect', { path, err: error })
  const closeClients = serveClients(door.server, running, onDefect)
  door.serve(edge(config, running, map, events, figures, onDefect))
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

function edge(
  config: NodeConfig,
  running: RunningNode,
  map: ShardMap,
  events: EventRing,
  figures: Figures,
  onDefect: (error: Error, path: string) => void,
): Fetch {
  const admin = adminApp({
    onDefect,
    node: running,
    cluster: config.cluster,
    members: config.members.map(({ id, host, port }) => ({ id, url: `http://${joinEndpoint(host, port)}` })),
    initial: map,
    events,
    monotonicMs: () => performance.now(),
  })
  const gateway = createGateway({
    node: running,
    deadlineMs: config.deadlineMs,
    metrics: () => figures.metrics(running),
    onDefect,
  })
  // Chosen here rather than by a router: the shop's requests pay nothing for the rest.
  return (request, env) => {
    const path = request.url.indexOf('/', 'http://'.length)
    return (request.url.startsWith(adminPath, path) ? admin : gateway).fetch(request, env as object)
  }
}
