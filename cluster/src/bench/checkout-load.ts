/** The load of the checkout bench, in a process of its own: 64 users of the `shop` workload over HTTP. */
import { drive } from '../workloads/drive.ts'
import { Shop } from '../workloads/shop.ts'
import { scriptArgument } from './children.ts'
import { cpuSeconds } from './cpu.ts'
import type { Measured } from './figure.ts'

export interface CheckoutLoad {
  readonly nodes: readonly { readonly id: string; readonly url: string; readonly pid: number }[]
  readonly users: number
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly orders: number
  readonly items: number
}

export interface CheckoutResult extends Measured {
  readonly outcomes: Readonly<Record<string, number>>
}

async function load(options: CheckoutLoad): Promise<CheckoutResult> {
  const { nodes, users, warmUpSeconds, seconds, orders, items } = options
  const setup = { nodes, users, orders, keys: items, create: false, history: undefined, admin: undefined }
  const shop = new Shop(setup)
  const stop = new AbortController()
  await shop.prepare()
  const driven = (howLong: number) =>
    drive(shop, { users, seconds: howLong, rate: undefined }, () => undefined, stop.signal)
  if (warmUpSeconds > 0) await driven(warmUpSeconds)
  const pids = nodes.map(node => node.pid)
  const before = { servers: cpuSeconds(pids), own: process.cpuUsage() }
  const { latency, outcomes, ...totals } = await driven(seconds)
  const servers = cpuSeconds(pids)
  const { user, system } = process.cpuUsage(before.own)
  shop.close()
  const each = (us: number) => us / outcomes.ok
  return {
    rate: outcomes.ok / totals.seconds,
    p50Ms: latency.percentile(0.5) / 1_000,
    p99Ms: latency.percentile(0.99) / 1_000,
    serverCpuUs:
      servers === undefined || before.servers === undefined
        ? undefined
        : each((servers - before.servers) * 1e6),
    loadCpuUs: each(user + system),
    outcomes,
  }
}

process.stdout.write(JSON.stringify(await load(scriptArgument<CheckoutLoad>())))
