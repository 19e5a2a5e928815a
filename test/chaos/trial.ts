/** The frame of a long trial: a fresh cluster, its data proven afterwards, and a verdict that is the exit code. */
import { RealCluster } from '../processes/cluster.fixture.ts'
import { type Say, unlessInterrupted } from './stage.ts'

/**
 * `run` returns what failed. Says `passed` or `failed`, and ends the process with 0 or 1 accordingly. Ctrl-C stops the
 * cluster as well.
 */
export async function tryCluster(
  run: (cluster: RealCluster, say: Say) => Promise<readonly string[]>,
  verdict: { readonly passed: string; readonly failed: string },
): Promise<void> {
  const cluster = await RealCluster.start()
  const prove = async () => {
    const failures = await run(cluster, line => console.log(line))
    await cluster.verified()
    for (const failure of failures) console.log(`FAILED  ${failure}`)
    console.log(failures.length === 0 ? verdict.passed : verdict.failed)
    process.exitCode = failures.length === 0 ? 0 : 1
  }
  try {
    await unlessInterrupted(() => cluster.destroy(), prove)
  } finally {
    await cluster.destroy()
  }
}
