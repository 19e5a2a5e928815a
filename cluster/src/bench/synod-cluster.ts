/** A real cluster of three node processes, started by the command line as a user would, on a folder of its own. */
import { fileURLToPath } from 'node:url'
import { run } from './children.ts'
import { freePorts, newFolder, removeFolder } from './places.ts'

const cli = fileURLToPath(new URL('../cli/main.ts', import.meta.url))

export interface SynodCluster {
  readonly urls: readonly string[]
  readonly pids: readonly number[]
  readonly data: string
  /** Ends the processes and removes their data. */
  stop(): Promise<void>
}

export async function startSynod(): Promise<SynodCluster> {
  const data = newFolder('synod')
  const port = await freePorts(4)
  const stop = async () => {
    await run(process.execPath, [cli, 'stop', '--data', data], { timeoutMs: 30_000 })
    removeFolder(data)
  }
  try {
    const printed = await run(
      process.execPath,
      [cli, 'start', '--detach', '--json', '--data', data, '--port', String(port)],
      { timeoutMs: 60_000 },
    )
    const { nodes } = JSON.parse(printed) as { nodes: readonly { url: string; pid: number }[] }
    return { urls: nodes.map(node => node.url), pids: nodes.map(node => node.pid), data, stop }
  } catch (error) {
    removeFolder(data)
    throw error
  }
}
