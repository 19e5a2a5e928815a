/**
 * A cluster at work on the same keys for a long time: what it holds must not grow.
 *
 *     pnpm test:soak --minutes 30
 *
 * Ends with 0 when memory, descriptors, write-ahead log, database and logs of the groups stayed level, no money was lost,
 * and no node met a defect.
 */
import { readArguments } from '../arguments.ts'
import { RealCluster } from '../processes/cluster.fixture.ts'
import { soak } from './soak/soak.ts'

const { numbers } = readArguments(['minutes', 'users'], { usage: 'pnpm test:soak [--minutes N] [--users N]' })
const { minutes = 30, users = 32 } = numbers
const cluster = await RealCluster.start()
try {
  const options = { seconds: minutes * 60, users }
  const failures = await soak(cluster, options, line => console.log(line))
  await cluster.verified()
  for (const failure of failures) console.log(`FAILED  ${failure}`)
  console.log(failures.length === 0 ? 'level' : 'not level')
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await cluster.destroy()
}
