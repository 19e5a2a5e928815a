/** Meshes over real loopback sockets, for tests. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Address, type NodeId, nodeId } from '../address.ts'
import { FaultPlane } from '../faults/plane.ts'
import type { Envelope } from '../kernel/ports.ts'
import { Sightings } from '../membership/sightings.ts'
import type { Met } from './handshake.ts'
import { Mesh } from './mesh.ts'
import type { LinkStatus, MeshLimits, MeshPorts } from './options.ts'

export const n1 = nodeId('n1')
export const n2 = nodeId('n2')

export interface TestMesh {
  readonly node: NodeId
  readonly port: number
  readonly server: Server
  readonly mesh: Mesh
  readonly faults: FaultPlane
  readonly received: { peer: NodeId; envelope: Envelope }[]
  readonly lost: Envelope[]
  readonly witnessed: Met[]
  readonly reachable: Map<NodeId, boolean>
  readonly logged: string[]
  link(peer: NodeId): LinkStatus
}

/** Quick enough for tests; nothing in them measures time. */
export const quick: Partial<MeshLimits> = {
  backoffMs: 5,
  maxBackoffMs: 20,
  heartbeatMs: 20,
  silenceMs: 60_000,
}

export async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.end('http'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

export interface MeshChanges extends Partial<Omit<MeshPorts, 'limits'>> {
  readonly limits?: Partial<MeshLimits>
}

/** Stops when the test ends. */
export function makeMesh(
  name: string,
  at: { server: Server; port: number },
  peers: Readonly<Record<string, number>>,
  { limits, ...changes }: MeshChanges = {},
): TestMesh {
  const node = nodeId(name)
  const sightings = new Sightings(new Map())
  const faults = new FaultPlane()
  const test = { received: [] as TestMesh['received'], lost: [] as Envelope[], logged: [] as string[] }
  const witnessed: TestMesh['witnessed'] = []
  const reachable = new Map<NodeId, boolean>()
  const mesh = new Mesh({
    cluster: 'test',
    node,
    secret: 'secret',
    peers: Object.entries(peers).map(([id, port]) => ({ id: nodeId(id), host: '127.0.0.1', port })),
    claim: () => ({ incarnation: `1-${name}`, turn: 7 }),
    testimony: () => ({ settled: true, sightings: sightings.copy() }),
    claimed: (peer, claim) => sightings.claimed(peer, claim.incarnation, claim.turn),
    witnessed: met => witnessed.push(met),
    confirmed: () => true,
    deliver: (peer, envelopes) => {
      for (const envelope of envelopes) test.received.push({ peer, envelope })
    },
    lost: envelopes => test.lost.push(...envelopes),
    reachable: (peer, isReachable) => reachable.set(peer, isReachable),
    faults,
    monotonicMs: () => performance.now(),
    random: Math.random,
    log: (_, message, fields) => test.logged.push(`${message} ${JSON.stringify(fields)}`),
    ...changes,
    limits: { ...quick, ...limits },
  })
  mesh.attach(at.server)
  mesh.start()
  const link = (peer: NodeId) => {
    const found = mesh.links().find(status => status.peer === peer)
    if (found === undefined) throw new Error(`no peer ${peer}`)
    return found
  }
  const stop = async () => {
    await mesh.stop()
    at.server.closeAllConnections()
    await new Promise(resolve => at.server.close(resolve))
  }
  onTestFinished(stop)
  return { node, ...at, mesh, faults, ...test, witnessed, reachable, link }
}

export async function pair(first: MeshChanges = {}, second: MeshChanges = {}): Promise<[TestMesh, TestMesh]> {
  const [at1, at2] = [await listen(), await listen()]
  return [makeMesh('n1', at1, { n2: at2.port }, first), makeMesh('n2', at2, { n1: at1.port }, second)]
}

export async function connected(
  first: MeshChanges = {},
  second: MeshChanges = {},
): Promise<[TestMesh, TestMesh]> {
  const [a, b] = await pair(first, second)
  await until(() => a.reachable.get(n2) === true && b.reachable.get(n1) === true, 'both connected')
  return [a, b]
}

/** n2, which waits for n1 to dial. */
export async function accepterAlone(limits: MeshChanges['limits'] = {}): Promise<TestMesh> {
  return makeMesh('n2', await listen(), { n1: 1 }, { limits })
}

/** Nothing that is sent in this direction comes through, as far as this mesh has a say. */
export function cut(mesh: TestMesh, from: NodeId, to: NodeId): void {
  mesh.faults.add({ id: 'cut', from, to, action: 'cut', probability: 1, delayMs: 0, jitterMs: 0, seed: 1 })
}

export function envelope(from: NodeId, to: NodeId, message: unknown): Envelope {
  return { to: `${to}/actor/a` as Address, from: `${from}/actor/a` as Address, message }
}

/** Waits for a condition; the deadline is generous because it is only met when something is wrong. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within 10 s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
