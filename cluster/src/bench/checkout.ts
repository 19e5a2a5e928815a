/**
 * Newly paid orders: three nodes over HTTP beside one unreplicated PostgreSQL without HTTP, and beside HTTP alone.
 * Afterwards `verify` must prove that nothing was lost or doubled; else there is no figure.
 */

import type { CheckoutLoad, CheckoutResult } from './checkout-load.ts'
import { runScript } from './children.ts'
import type { BenchReport, Measured } from './figure.ts'
import type { BenchOptions } from './options.ts'
import { measureConstant } from './peers/constant.ts'
import { findPostgres, measurePostgres } from './peers/postgres.ts'
import { startSynod } from './synod-cluster.ts'

const users = 64
const orders = 100_000
const items = 10_000
const floorRate = 1_000
/** As for puts: a node is slow until it is compiled. */
const warmUpSeconds = 10
/** By default payment shares the group of orders, and a checkout commits over two groups. */
const oneGroup = { stock: { groups: 'orders' } }
const threeGroups = { payment: { groups: 1 } }

export async function benchCheckout({ seconds, progress }: BenchOptions): Promise<BenchReport> {
  progress('checkout: three nodes')
  const { ours, proof } = await measureShop(seconds)
  progress('checkout: three nodes, all on one item')
  const hot = await measureShop(seconds, { items: 1 })
  progress('checkout: three nodes, over three groups')
  const apart = await measureShop(seconds, { keyspaces: threeGroups })
  progress('checkout: three nodes, the shop in one group')
  const together = await measureShop(seconds, { keyspaces: oneGroup })
  progress('checkout: the peers')
  const peer = await postgresUnder(seconds)
  const limit = { name: 'HTTP alone (Hono, a constant)', ...(await measureConstant(users, seconds)) }
  const missing = "PostgreSQL was not measured: Debian's postgresql would bring it (apt-get install)"
  return {
    bench: 'checkout',
    title: `newly paid orders, ${users} connections, ${orders} orders of two of ${items} items`,
    figures: [
      { what: 'newly paid', ours, ...(peer && { peer }), floor: { rate: floorRate } },
      {
        what: 'all on one item',
        ours: hot.ours,
        peer: { name: 'the first line', ...ours },
        floor: { ratio: 0.5 },
      },
      { what: 'over three groups', ours: apart.ours, ...(peer && { peer }) },
      { what: 'in one group', ours: together.ours, ...(peer && { peer }) },
      { what: 'as requests', ours, peer: limit },
    ],
    notes: [
      proof,
      `all on one item: ${hot.proof}`,
      `over three groups: ${apart.proof}`,
      `in one group: ${together.proof}`,
      ...(peer === undefined ? [missing] : []),
    ],
  }
}

/** Undefined where it is not installed. */
async function postgresUnder(seconds: number): Promise<(Measured & { name: string }) | undefined> {
  const found = findPostgres()
  if (found === undefined) return undefined
  // It must not run out of orders, however fast it is.
  const task = { users, seconds, orders: Math.max(orders, 40_000 * seconds), items }
  const name = `PostgreSQL ${found.version}, not replicated`
  return { name, ...(await measurePostgres(found.programs, task)) }
}

interface Changes {
  readonly keyspaces?: Readonly<Record<string, unknown>>
  readonly items?: number
}

async function measureShop(
  seconds: number,
  changes: Changes = {},
): Promise<{ ours: Measured; proof: string }> {
  const { keyspaces } = changes
  const cluster = await startSynod(keyspaces === undefined ? {} : { config: { keyspaces } })
  try {
    const load: CheckoutLoad = {
      nodes: cluster.nodes,
      users,
      warmUpSeconds,
      seconds,
      orders,
      items: changes.items ?? items,
    }
    const { outcomes, ...ours } = await runScript<CheckoutResult>('checkout-load.ts', load, 300_000)
    const proof = await cluster.verify()
    const other = Object.entries(outcomes).filter(([name, count]) => name !== 'ok' && count > 0)
    const refused = other.map(([name, count]) => `${count} ${name}`).join(', ') || 'none other than paid'
    return { ours, proof: `verify: ${proof}; outcomes: ${refused}` }
  } finally {
    await cluster.stop()
  }
}
