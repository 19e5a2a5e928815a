/** `pnpm bench ready`: how long `cluster start --detach` takes, on an empty folder and on one with 300,000 rows. */
import type { BenchReport } from './figure.ts'
import { fillShop } from './fill-shop.ts'
import type { BenchOptions } from './options.ts'
import { newFolder, removeFolder } from './places.ts'
import { defaultRows } from './size.ts'
import { startSynod } from './synod-cluster.ts'
import { percentile, type Value } from './value.ts'

const goalSeconds = 5
const starts = 3

export async function benchReady({ progress, rows = defaultRows }: BenchOptions): Promise<BenchReport> {
  progress('ready: empty folders')
  const empty: number[] = []
  for (let start = 0; start < starts; start++) {
    const cluster = await startSynod()
    empty.push(cluster.readySeconds)
    await cluster.stop()
  }
  const full = await fullStarts(rows, progress)
  return {
    bench: 'ready',
    title: 'cluster start --detach until it returns, 3 nodes, every group with a leader',
    figures: [],
    values: readyValues(empty, full, 3 * rows),
    notes: [`the middle one of ${starts} starts each; before those on rows the cluster was stopped in order`],
  }
}

async function fullStarts(rows: number, progress: BenchOptions['progress']): Promise<number[]> {
  const data = newFolder('ready')
  try {
    progress(`ready: ${3 * rows} rows`)
    const first = await startSynod({ data })
    try {
      await fillShop(first.nodes[0]?.url ?? '', rows)
    } finally {
      await first.stop()
    }
    progress('ready: starts on them')
    const took: number[] = []
    for (let start = 0; start < starts; start++) {
      const cluster = await startSynod({ data })
      took.push(cluster.readySeconds)
      await cluster.stop()
    }
    return took
  } finally {
    removeFolder(data)
  }
}

export function readyValues(empty: readonly number[], full: readonly number[], rows: number): Value[] {
  const line = (what: string, seconds: readonly number[]): Value => ({
    what,
    ours: percentile(seconds, 0.5),
    unit: 's',
    goal: goalSeconds,
  })
  return [line('an empty folder', empty), line(`${rows} rows`, full)]
}
