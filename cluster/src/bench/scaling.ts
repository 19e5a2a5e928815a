/**
 * `pnpm bench scaling`: puts and checkouts over nodes, shards and groups. All nodes share this machine's cores, so more
 * of them cannot do more here; what counts is the processor time of one operation, and what follows from it.
 */
import type { CheckoutLoad, CheckoutResult } from './checkout-load.ts'
import { runScript } from './children.ts'
import type { BenchReport, Measured } from './figure.ts'
import type { BenchOptions } from './options.ts'
import { measuredPuts } from './put.ts'
import type { PutResult } from './put-load.ts'
import { type Curve, type Layout, type Point, scalingFigures, whatItSays } from './scaling-curves.ts'
import { type SynodCluster, startSynod } from './synod-cluster.ts'

export const scalingSeconds = 4
const keyspaces = ['orders', 'stock', 'payment', 'kv']
const users = 64
const items = 10_000
/** More than anybody pays within a second. */
const ordersPerSecond = 8_000
const mostOrders = 100_000

/** Each curve begins with what its other points are held against. */
const layouts: readonly Layout[] = [
  ...[3, 1, 5].map(nodes => layout('nodes', plural(nodes, 'node'), nodes, {})),
  ...[1, 4, 16, 64].map(shards => layout('shards', plural(shards, 'shard'), 3, { shards })),
  ...[1, 3, 16].map(groups => layout('groups', plural(groups, 'group'), 3, { shards: 16, groups })),
]

function layout(curve: Curve, name: string, nodes: number, settings: object): Layout {
  const each = Object.fromEntries(keyspaces.map(keyspace => [keyspace, settings]))
  return { curve, name, nodes, config: { nodes, keyspaces: each } }
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

export async function benchScaling(options: BenchOptions): Promise<BenchReport> {
  const points: Point[] = []
  for (const one of layouts) {
    options.progress(`scaling: ${one.name}`)
    points.push({ ...one, ...(await measure(one, options)) })
  }
  return {
    bench: 'scaling',
    title:
      'each keyspace in 3 shards and 1 group (3 with 5 nodes), payment in those of orders, unless said; 16 shards for groups',
    figures: scalingFigures(points),
    notes: whatItSays(points),
  }
}

/** One cluster for all three: the first load warms it up for the others. */
async function measure({ config }: Layout, { seconds, callers }: BenchOptions) {
  const cluster = await startSynod({ config })
  try {
    const [few = 64, many = 512] = callers ?? []
    const putFew = await puts(cluster, few, 4, seconds)
    const putMany = await puts(cluster, many, 2, seconds)
    return { putFew, putMany, checkout: await checkouts(cluster, seconds), callers: { few, many } }
  } finally {
    await cluster.stop()
  }
}

function puts(
  cluster: SynodCluster,
  callers: number,
  warmUpSeconds: number,
  seconds: number,
): Promise<Measured> {
  const urls = cluster.nodes.map(node => node.url)
  const load = { urls, callers, keys: 10_000, valueBytes: 100, warmUpSeconds, seconds }
  const timeoutMs = (warmUpSeconds + seconds + 30) * 1_000
  const pids = cluster.nodes.map(node => node.pid)
  return measuredPuts(pids, () => runScript<PutResult>('put-load.ts', load, timeoutMs))
}

async function checkouts({ nodes }: SynodCluster, seconds: number): Promise<Measured> {
  const orders = Math.min(ordersPerSecond * seconds, mostOrders)
  const load: CheckoutLoad = { nodes, users, warmUpSeconds: 0, seconds, orders, items }
  const { outcomes: _, ...found } = await runScript<CheckoutResult>('checkout-load.ts', load, 300_000)
  return found
}
