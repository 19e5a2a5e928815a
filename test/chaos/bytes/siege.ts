/**
 * A cluster of three of which one member is down, so that the siege can speak in its name; the other two must come
 * through all of it as the same processes, serving, with level memory.
 */
import { readFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { type NodeId, nodeId } from '@synod/runtime/protocol'
import { type Random, seededRandom } from '@synod/runtime/simulation'
import { RealCluster, until } from '../../processes/cluster.fixture.ts'
import { call } from '../../processes/shop.fixture.ts'
import { type Vitals, vitals } from '../vitals.ts'
import { attack } from './attack.ts'
import { clientDoor, recordClient } from './client-door.ts'
import { type Member, meshDoor, recordMesh } from './mesh-door.ts'
import { Tally } from './tally.ts'

/** Dials the others, as the smallest id does. */
const usurped = 'n1'
const recordedFrames = 60
const lanes = 4
/** Of the log's numbers: error and fatal. */
const errorLevel = 50

export interface Besieged {
  readonly id: NodeId
  readonly url: string
  readonly pid: number
}

export class Siege {
  readonly cluster: RealCluster
  readonly member: Member
  readonly nodes: readonly Besieged[]
  readonly random: Random
  readonly #recorded: { readonly mesh: readonly Uint8Array[]; readonly client: readonly Uint8Array[] }

  static async begin(seed: number): Promise<Siege> {
    const cluster = await RealCluster.start('--no-restart')
    try {
      const nodes = (await cluster.nodes()).flatMap(({ id, url, pid }) =>
        id === usurped || pid === null ? [] : [{ id: nodeId(id), url, pid }],
      )
      const [first] = nodes
      if (first === undefined) throw new Error('the cluster has no nodes')
      await cluster.signal(usurped, 'SIGKILL')
      const member = { cluster: clusterId(cluster), secret: secretOf(cluster), node: nodeId(usurped) }
      await until('the others lead all groups', async () =>
        (await cluster.groups(1)).every(({ leader }) => leader !== null && leader !== usurped),
      )
      const provoke = () => call('POST', `${first.url}/payment/create_user`)
      const mesh = await recordMesh(first.url, first.id, member, recordedFrames, provoke)
      return new Siege(cluster, member, nodes, seededRandom(seed), { mesh, client: await recordClient() })
    } catch (error) {
      await cluster.destroy()
      throw error
    }
  }

  private constructor(
    cluster: RealCluster,
    member: Member,
    nodes: readonly Besieged[],
    random: Random,
    recorded: { readonly mesh: readonly Uint8Array[]; readonly client: readonly Uint8Array[] },
  ) {
    this.cluster = cluster
    this.member = member
    this.nodes = nodes
    this.random = random
    this.#recorded = recorded
  }

  /** Damaged frames at the mesh port of every node. */
  async mesh(frames: number, round: string): Promise<Tally> {
    const tally = new Tally()
    const share = Math.ceil(frames / this.nodes.length)
    await Promise.all(
      this.nodes.map(({ id, url }) => {
        const recorded = this.#recorded.mesh.map(bytes => readdressed(bytes, this.nodes[0]?.id ?? id, id))
        return attack(
          meshDoor(url, id, this.member),
          recorded,
          share,
          this.random.fork(`mesh ${round} ${id}`),
          tally,
        )
      }),
    )
    return tally
  }

  /** Damaged frames at the client socket of every node. */
  async client(frames: number, round: string): Promise<Tally> {
    const tally = new Tally()
    const share = Math.ceil(frames / this.nodes.length / lanes)
    const { client } = this.#recorded
    await Promise.all(
      this.nodes.flatMap(({ id, url }) =>
        Array.from({ length: lanes }, (_, lane) =>
          attack(clientDoor(url), client, share, this.random.fork(`client ${round} ${id} ${lane}`), tally),
        ),
      ),
    )
    return tally
  }

  vitals(): readonly Vitals[] {
    return this.nodes.map(({ pid }) => vitals(pid))
  }

  /** Throws unless every node is the process that it was, serves, and has met no defect. */
  async stands(): Promise<void> {
    const now = await this.cluster.nodes()
    for (const { id, url, pid } of this.nodes) {
      const found = now.find(node => node.id === id)
      if (found?.pid !== pid || found.state !== 'ready')
        throw new Error(`${id} did not stand: ${JSON.stringify(found)}`)
      const { status } = await call('POST', `${url}/payment/create_user`)
      if (status !== 200) throw new Error(`${id} answers ${status}`)
    }
    const [defect] = this.defects()
    if (defect !== undefined) throw new Error(defect)
  }

  /** What nodes noted as an error, or as their end. */
  defects(): string[] {
    return this.nodes.flatMap(({ id }) =>
      logOf(this.cluster, id)
        .filter(({ level }) => Number(level) >= errorLevel)
        .map(line => `${id} met a defect: ${JSON.stringify(line).slice(0, 1_500)}`),
    )
  }

  end(): Promise<void> {
    return this.cluster.destroy()
  }
}

/** Names have one length: the bytes stay a frame. */
function readdressed(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll(`${from}/`, `${to}/`), 'latin1')
}

function clusterId({ data }: RealCluster): string {
  return (JSON.parse(readFileSync(path(data, 'layout.json'), 'utf8')) as { cluster: string }).cluster
}

function secretOf({ data }: RealCluster): string {
  return readFileSync(path(data, 'secret'), 'utf8').trim()
}

function logOf({ data }: RealCluster, node: string): { readonly level: unknown }[] {
  return readFileSync(path(data, node, 'node.log'), 'utf8')
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as { level: unknown })
}
