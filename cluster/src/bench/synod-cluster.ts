/** A real cluster of three node processes, started by the command line as a user would, on a folder of its own. */
import { fileURLToPath } from 'node:url'
import { run } from './children.ts'
import { freePorts, newFolder, removeFolder } from './places.ts'

const cli = fileURLToPath(new URL('../cli/main.ts', import.meta.url))

export interface SynodCluster {
  readonly nodes: readonly { readonly id: string; readonly url: string; readonly pid: number }[]
  /** Resolves to the verdict of `cluster verify`; throws when it is not green. */
  verify(): Promise<string>
  /** Ends the processes and removes their data. */
  stop(): Promise<void>
}

export async function startSynod(): Promise<SynodCluster> {
  const data = newFolder('synod')
  const port = String(await freePorts(4))
  const call = (verb: string, ...args: readonly string[]) =>
    run(process.execPath, [cli, verb, '--data', data, ...args], { timeoutMs: 180_000 })
  try {
    const started = JSON.parse(await call('start', '--detach', '--json', '--port', port)) as Started
    return {
      nodes: started.nodes,
      async verify() {
        return (JSON.parse(await call('verify', '--json')) as { verdict: string }).verdict
      },
      async stop() {
        await call('stop')
        removeFolder(data)
      },
    }
  } catch (error) {
    removeFolder(data)
    throw error
  }
}

type Started = Pick<SynodCluster, 'nodes'>
