/**
 * What a stage is, and the frame that each stands in: a cluster of its own, checked at the end, kept where it failed.
 */
import { rmSync } from 'node:fs'
import { freeBasePort } from '../../cluster/src/launcher/ports.fixture.ts'
import { RealCluster } from '../processes/cluster.fixture.ts'
import { historyFolder } from '../processes/load.fixture.ts'
import { localMembers, Nodes, type NodesOptions } from '../processes/nodes.fixture.ts'

export interface Stage {
  readonly name: string
  readonly summary: string
  readonly unit: 'seconds' | 'cycles' | 'trials'
  /** How much of it `pnpm test:chaos` does, unless told. */
  readonly long: number
  /** How much of it `pnpm test` does. */
  readonly short: number
  /** Rejects when something was lost, doubled or served that was not so. `say` shows how far it is. */
  run(size: number, say: Say): Promise<void>
}
export type Say = (line: string) => void

export interface Scene {
  readonly cluster: RealCluster
  /** For histories. */
  readonly folder: string
  readonly say: Say
}

/** Runs a scene on a fresh cluster, and proves the cluster's data afterwards. The data of one that failed is kept. */
export async function onCluster(say: Say, scene: (scene: Scene) => Promise<void>): Promise<void> {
  const cluster = await RealCluster.start('--faults')
  const folder = historyFolder()
  try {
    await unlessInterrupted(
      () => cluster.stop(),
      async () => {
        await scene({ cluster, folder, say })
        await cluster.mend()
        await cluster.allReady()
        await cluster.verified()
      },
    )
  } catch (error) {
    await cluster.stop()
    say(`the data of the cluster is kept in ${cluster.data}, histories in ${folder}`)
    throw error
  }
  await cluster.destroy()
  rmSync(folder, { recursive: true })
}

/** Does some work; Ctrl-C ends it, and leaves nothing behind. */
export async function unlessInterrupted(
  leave: () => Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  const interrupted = () => void leave().then(() => process.exit(130))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    await work()
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
  }
}

/** The same on nodes that nobody launched, which the scene starts as it likes. */
export async function onNodes(
  say: Say,
  options: Omit<NodesOptions, 'members'>,
  scene: (nodes: Nodes) => Promise<void>,
): Promise<void> {
  const nodes = new Nodes({ members: localMembers(await freeBasePort()), ...options })
  try {
    await unlessInterrupted(
      () => nodes.stopAll('SIGKILL'),
      async () => {
        await scene(nodes)
        await nodes.verified()
      },
    )
  } catch (error) {
    await nodes.stopAll('SIGKILL')
    say(`the data of the nodes is kept in ${nodes.folder}`)
    throw error
  }
  await nodes.destroy()
}

export const nodeIds = ['n1', 'n2', 'n3'] as const

/** `n2` → 1, as clusters count their nodes. */
export function numberOf(node: string): number {
  return Number(node.slice(1)) - 1
}

/** The number of a node that is another. */
export function anotherThan(node: string): number {
  return (numberOf(node) + 1) % nodeIds.length
}

/** For what must last a while, or happen every so often. */
export function untilTime(at: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, at - performance.now())))
}

export function oneOf<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)]
  if (item === undefined) throw new Error('there is nothing to choose from')
  return item
}
