/** `pnpm bench size`: what 300,000 rows cost: time to make them, memory of each node, bytes on its disk. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchReport } from './figure.ts'
import { type Filled, fillShop } from './fill-shop.ts'
import type { BenchOptions } from './options.ts'
import { residentBytes, settledResident } from './settled.ts'
import { startSynod } from './synod-cluster.ts'
import type { Value } from './value.ts'

export const defaultRows = 100_000
const initGoalSeconds = 10
const memoryGoalMb = 300
const settleWithinMs = 90_000
/** The launcher's and the verbs' megabytes are such, too. */
const megabyte = 1e6

interface NodeSize {
  readonly id: string
  /** Megabytes. */
  readonly empty: number
  readonly full: number
  readonly disk: number
}

export async function benchSize({ progress, rows = defaultRows }: BenchOptions): Promise<BenchReport> {
  const cluster = await startSynod()
  try {
    const pids = cluster.nodes.map(node => node.pid)
    const empty = pids.map(pid => residentBytes(pid) ?? 0)
    progress(`size: ${3 * rows} rows`)
    const filled = await fillShop(cluster.nodes[0]?.url ?? '', rows)
    progress('size: waiting until memory has settled')
    const full = await settledResident(pids, settleWithinMs)
    const sizes = cluster.nodes.map(({ id }, at) => ({
      id,
      empty: (empty[at] ?? 0) / megabyte,
      full: (full[at] ?? 0) / megabyte,
      disk: folderBytes(join(cluster.data, id)) / megabyte,
    }))
    return {
      bench: 'size',
      title: `${rows} users, ${rows} items, ${rows} orders on 3 nodes`,
      figures: [],
      values: sizeValues(filled, sizes, rows),
      notes: [
        'memory: resident, once all nodes together had changed by less than 1 % for 20 s after the last batch_init',
        `before the rows: ${sizes.map(({ id, empty: mb }) => `${id} ${mb.toFixed(0)} MB`).join(', ')}; the program itself, some 55 MB, is shared`,
        `an item is two rows of the store (price and count), so these are ${4 * rows} of them`,
      ],
    }
  } finally {
    await cluster.stop()
  }
}

/** The goals are of so many rows, and say nothing about fewer. */
export function sizeValues(filled: readonly Filled[], sizes: readonly NodeSize[], rows: number): Value[] {
  const goalOf = (goal: number) => (rows === defaultRows ? { goal } : {})
  return [
    ...filled.map(
      ({ kind, seconds }): Value => ({
        what: `batch_init of ${kind}`,
        ours: seconds,
        unit: 's',
        ...goalOf(initGoalSeconds),
      }),
    ),
    ...sizes.map(
      ({ id, full }): Value => ({
        what: `memory of ${id}`,
        ours: full,
        unit: 'MB',
        ...goalOf(memoryGoalMb),
      }),
    ),
    ...sizes.map(({ id, disk }): Value => ({ what: `data folder of ${id}`, ours: disk, unit: 'MB' })),
  ]
}

function folderBytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)
}
