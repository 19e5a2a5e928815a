/**
 * Durable replicated puts: three of our nodes beside three of etcd's, one after the other on the same disk, each
 * loaded by its own client with the same callers, keys and values for the same seconds. Fresh clusters for each line.
 */
import { runScript } from './children.ts'
import { cpuSeconds } from './cpu.ts'
import type { BenchReport, Figure, Measured } from './figure.ts'
import type { BenchOptions } from './options.ts'
import { buildEtcdLoad, etcdVersion, loadEtcd, missingForEtcd, startEtcd } from './peers/etcd.ts'
import { newFolder, removeFolder } from './places.ts'
import type { PutLoad, PutResult } from './put-load.ts'
import { startSynod } from './synod-cluster.ts'

const callerCounts = [1, 64, 512, 2_048]
/** Where one times etcd is the floor. */
const heldToFloor = new Set([64, 512])

export async function benchPut(options: BenchOptions): Promise<BenchReport> {
  const missing = missingForEtcd()
  const tools = newFolder('tools')
  try {
    const peer = missing.length === 0 ? await etcdPeer(tools) : undefined
    const figures: Figure[] = []
    for (const callers of options.callers ?? callerCounts) {
      const load = { callers, keys: 10_000, valueBytes: 100, warmUpSeconds: 10, seconds: options.seconds }
      options.progress(`put: ${callers} callers`)
      const ours = await oursUnder(load)
      const floor = heldToFloor.has(callers) ? { floor: { ratio: 1 } } : {}
      const beside = peer === undefined ? {} : { peer: { name: peer.name, ...(await peer.measure(load)) } }
      figures.push({ what: `${callers} callers`, ours, ...beside, ...floor })
    }
    return { bench: 'put', title: '100 B values, 3 nodes, every put synced', figures, notes: notes(missing) }
  } finally {
    removeFolder(tools)
  }
}

function notes(missing: readonly string[]): string[] {
  if (missing.length === 0) return []
  return [
    `etcd was not measured: Debian's ${missing.join(', ')} would bring what is missing (apt-get install)`,
  ]
}

async function oursUnder(load: Omit<PutLoad, 'urls'>): Promise<Measured> {
  const cluster = await startSynod()
  try {
    const timeoutMs = (load.warmUpSeconds + load.seconds + 30) * 1_000
    const urls = cluster.nodes.map(node => node.url)
    const pids = cluster.nodes.map(node => node.pid)
    return await measuredPuts(pids, () => runScript<PutResult>('put-load.ts', { ...load, urls }, timeoutMs))
  } finally {
    await cluster.stop()
  }
}

async function etcdPeer(tools: string) {
  const program = await buildEtcdLoad(tools)
  return {
    name: `etcd ${await etcdVersion()}`,
    async measure(load: Omit<PutLoad, 'urls'>): Promise<Measured> {
      const cluster = await startEtcd()
      try {
        return await measuredPuts(cluster.pids, () => loadEtcd(program, cluster, load))
      } finally {
        await cluster.stop()
      }
    },
  }
}

/** With what each put cost. A rate with failures in it would compare different work. */
export async function measuredPuts(
  pids: readonly number[],
  load: () => Promise<PutResult>,
): Promise<Measured> {
  const before = cpuSeconds(pids)
  const { failed, firstFailure, done, cpuSeconds: loadSeconds, ...figures } = await load()
  const after = cpuSeconds(pids)
  if (failed > 0) throw new Error(`${failed} puts failed, the first with: ${firstFailure}`)
  const each = (seconds: number) => (seconds * 1e6) / done
  return {
    ...figures,
    serverCpuUs: before === undefined || after === undefined ? undefined : each(after - before),
    loadCpuUs: each(loadSeconds),
  }
}
