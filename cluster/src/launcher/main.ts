/** A launcher of its own, detached from the terminal: gets its configuration from the command that started it. */
import type { ClusterConfig } from '../config/config.ts'
import { ConfigError } from '../config/parse.ts'
import { exitCode, Failure, systemProblem } from '../node/failure.ts'
import type { RunningCluster } from './data-folder.ts'
import { Launcher, type StartOptions } from './launcher.ts'
import { runUntilSignal } from './signals.ts'

export interface ToDetached {
  readonly config: ClusterConfig
  readonly options: StartOptions
}
export type FromDetached =
  | { readonly type: 'ready'; readonly running: RunningCluster }
  | { readonly type: 'failed'; readonly message: string; readonly code: number }

// A log that has no room left ends no cluster, and keeps no reason from the command that waits for it.
process.stderr.on('error', () => undefined)
process.once('message', message => {
  void launch(message as ToDetached)
})

async function launch({ config, options }: ToDetached): Promise<void> {
  try {
    const launcher = await Launcher.start(config, options)
    tell({ type: 'ready', running: launcher.running() })
    runUntilSignal(launcher)
  } catch (error) {
    const known = error instanceof Failure || error instanceof ConfigError
    const message = known
      ? error.message
      : error instanceof Error
        ? (systemProblem(error) ?? error.stack ?? error.message)
        : String(error)
    process.stderr.write(`${message}\n`)
    tell({ type: 'failed', message, code: error instanceof Failure ? error.exitCode : exitCode.failed })
    process.exitCode = exitCode.failed
  } finally {
    if (process.connected) process.disconnect()
  }
}

function tell(message: FromDetached): void {
  process.send?.(message)
}
