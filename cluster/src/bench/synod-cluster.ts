/** A real cluster of node processes, started by the command line as a user would, on a folder of its own. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './children.ts'
import { freePorts, newFolder, removeFolder } from './places.ts'

const cli = fileURLToPath(new URL('../cli/main.ts', import.meta.url))

export interface SynodCluster {
  readonly nodes: readonly { readonly id: string; readonly url: string; readonly pid: number }[]
  readonly data: string
  /** What `cluster start --detach` took until it returned, the command line's own start included. */
  readonly readySeconds: number
  /** Resolves to the verdict of `cluster verify`; throws when it is not green. */
  verify(): Promise<string>
  /** Ends the processes and removes their data, unless the folder was given. */
  stop(): Promise<void>
}

export interface SynodOptions {
  /**
   * What a configuration file would say: `{ nodes: 5, keyspaces: { kv: { shards: 16, groups: 4 } } }`. Default: none.
   */
  readonly config?: Readonly<Record<string, unknown>>
  /** Allows faults. */
  readonly faults?: true
  /** A folder that stays; one that was used before is started on what it holds. */
  readonly data?: string
}

/** Nodes and the launcher. */
const mostPorts = 6

export async function startSynod({ config, faults, data: given }: SynodOptions = {}): Promise<SynodCluster> {
  const data = given ?? newFolder('synod')
  const port = String(await freePorts(mostPorts))
  const call = (verb: string, ...args: readonly string[]) =>
    run(process.execPath, [cli, verb, '--data', data, ...args], { timeoutMs: 180_000 })
  const remove = () => {
    if (given === undefined) removeFolder(data)
  }
  const settings = config && settingsFile(config)
  try {
    const flags = [...(faults ? ['--faults'] : []), ...(settings ? ['--config', settings.file] : [])]
    const begun = performance.now()
    const started = JSON.parse(await call('start', '--detach', '--json', '--port', port, ...flags)) as Started
    return {
      nodes: started.nodes,
      data,
      readySeconds: (performance.now() - begun) / 1_000,
      async verify() {
        return (JSON.parse(await call('verify', '--json')) as { verdict: string }).verdict
      },
      async stop() {
        await call('stop')
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  } finally {
    settings?.remove()
  }
}

type Started = Pick<SynodCluster, 'nodes'>

function settingsFile(config: object): { readonly file: string; remove(): void } {
  const folder = newFolder('config')
  const file = join(folder, 'cluster.yaml')
  // What is JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  return { file, remove: () => removeFolder(folder) }
}
