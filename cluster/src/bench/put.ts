/**
 * Durable replicated puts: three of our nodes beside three of etcd's on the same disk, each loaded by its own client
 * with the same callers, keys and values for the same seconds. Fresh clusters for each line; both are warmed, then
 * they take turns, so that what the machine does meanwhile meets both.
 */
import { keepScript } from './children.ts'
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

/** Turns that each side has. */
const rounds = 4
/** Seconds before everything, and in each turn. */
const warmUpSeconds = { first: 10, turn: 1 }

type Load = Omit<PutLoad, 'urls'>
/** A running cluster. */
interface Side {
  measure(load: Load): Promise<Measured>
  stop(): Promise<void>
}

export async function benchPut(options: BenchOptions): Promise<BenchReport> {
  const missing = missingForEtcd()
  const tools = newFolder('tools')
  try {
    const program = missing.length === 0 ? await buildEtcdLoad(tools) : undefined
    const name = `etcd ${program === undefined ? '' : await etcdVersion()}`
    const figures: Figure[] = []
    for (const callers of options.callers ?? callerCounts) {
      options.progress(`put: ${callers} callers`)
      const [ours, peer] = await underLoad(callers, options.seconds, program)
      const floor = heldToFloor.has(callers) ? { floor: { ratio: 1 } } : {}
      const beside = peer === undefined ? {} : { peer: { name, ...peer } }
      figures.push({ what: `${callers} callers`, ours, ...beside, ...floor })
    }
    return { bench: 'put', title: '100 B values, 3 nodes, every put synced', figures, notes: notes(missing) }
  } finally {
    removeFolder(tools)
  }
}

/** Ours, and the peer's when there is its program. */
async function underLoad(
  callers: number,
  seconds: number,
  program: string | undefined,
): Promise<[ours: Measured, peer?: Measured]> {
  const sides: Side[] = []
  try {
    sides.push(await synodSide())
    if (program !== undefined) sides.push(await etcdSide(program))
    const load = { callers, keys: 10_000, valueBytes: 100 }
    for (const side of sides) await side.measure({ ...load, warmUpSeconds: 0, seconds: warmUpSeconds.first })
    const turns: Measured[][] = sides.map(() => [])
    for (let round = 0; round < rounds; round++) {
      for (const [at, side] of sides.entries()) {
        const turn = { ...load, warmUpSeconds: warmUpSeconds.turn, seconds: seconds / rounds }
        turns[at]?.push(await side.measure(turn))
      }
    }
    return turns.map(meanOf) as [Measured, Measured?]
  } finally {
    for (const side of sides) await side.stop()
  }
}

/** Of turns of equal length. Of percentiles a mean as well: what all turns together have cannot be told from them. */
export function meanOf(turns: readonly Measured[]): Measured {
  const mean = (of: (turn: Measured) => number | undefined) =>
    turns.reduce((sum, turn) => sum + (of(turn) ?? Number.NaN), 0) / turns.length
  const known = (value: number) => (Number.isNaN(value) ? undefined : value)
  return {
    rate: mean(turn => turn.rate),
    p50Ms: mean(turn => turn.p50Ms),
    p99Ms: mean(turn => turn.p99Ms),
    serverCpuUs: known(mean(turn => turn.serverCpuUs)),
    loadCpuUs: known(mean(turn => turn.loadCpuUs)),
  }
}

function notes(missing: readonly string[]): string[] {
  if (missing.length === 0) return []
  return [
    `etcd was not measured: Debian's ${missing.join(', ')} would bring what is missing (apt-get install)`,
  ]
}

async function synodSide(): Promise<Side> {
  const cluster = await startSynod()
  const urls = cluster.nodes.map(node => node.url)
  const pids = cluster.nodes.map(node => node.pid)
  const generator = keepScript<PutResult>('put-load.ts')
  return {
    measure(load) {
      const timeoutMs = (load.warmUpSeconds + load.seconds + 30) * 1_000
      return measuredPuts(pids, () => generator.ask({ ...load, urls }, timeoutMs))
    },
    async stop() {
      await generator.stop()
      await cluster.stop()
    },
  }
}

async function etcdSide(program: string): Promise<Side> {
  const cluster = await startEtcd()
  return {
    measure: load => measuredPuts(cluster.pids, () => loadEtcd(program, cluster, load)),
    stop: () => cluster.stop(),
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
