/** Ctrl-C, a closed terminal and `stop` all mean: end the nodes, then go. */
import { exitCode } from '../node/failure.ts'
import type { Launcher } from './launcher.ts'

export function runUntilSignal(launcher: Launcher, onStop: () => void = () => undefined): void {
  let stopping = false
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (stopping) return
      stopping = true
      onStop()
      void launcher.stop().then(
        () => process.exit(exitCode.fine),
        (error: unknown) => {
          process.stderr.write(`${String(error)}\n`)
          process.exit(exitCode.failed)
        },
      )
    })
  }
}
