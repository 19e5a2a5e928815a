/** What a node holds now. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { RealCluster } from '../../processes/cluster.fixture.ts'
import { vitals } from '../vitals.ts'

export interface Holding {
  readonly node: string
  readonly residentMiB: number
  readonly descriptors: number
  readonly walMiB: number
  readonly databaseMiB: number
  /** Slots that are chosen and not compacted, of the group with most. */
  readonly longestLog: number
}

export function holding(cluster: RealCluster): Promise<Holding[]> {
  return cluster.nodes().then(nodes => Promise.all(nodes.map(node => holdingOf(cluster, node))))
}

async function holdingOf(
  cluster: RealCluster,
  { id, url, pid }: { id: string; url: string; pid: number | null },
): Promise<Holding> {
  if (pid === null) throw new Error(`${id} does not run`)
  const { residentMiB, descriptors } = vitals(pid)
  const folder = join(cluster.data, id)
  const sizeOf = (wanted: (name: string) => boolean) => {
    const bytes = readdirSync(folder)
      .filter(wanted)
      .map(name => statSync(join(folder, name)).size)
    return Math.round(bytes.reduce((sum, size) => sum + size, 0) / 2 ** 20)
  }
  return {
    node: id,
    residentMiB,
    descriptors,
    walMiB: sizeOf(name => name.endsWith('-wal')),
    databaseMiB: sizeOf(name => name.endsWith('.db') || name.endsWith('.sqlite')),
    longestLog: await longestLog(url),
  }
}

async function longestLog(url: string): Promise<number> {
  const groups = (await (await fetch(`${url}/admin/groups`)).json()) as readonly { readonly group: string }[]
  const lengths = await Promise.all(
    groups.map(async ({ group }) => {
      const log = await (await fetch(`${url}/admin/log/${group}?limit=1`)).json()
      const { chosen, base } = log as { readonly chosen: number; readonly base: number }
      return chosen - base
    }),
  )
  return Math.max(...lengths)
}
