/**
 * A cluster at work on the same keys for a long time: what it holds must not grow.
 *
 *     node test/chaos/soak.ts --minutes 30
 *
 * Ends with 0 when memory, descriptors, write-ahead log, database and logs of the groups stayed level, no money was lost,
 * and no node met a defect.
 */
import { parseArgs } from 'node:util'
import { RealCluster } from '../processes/cluster.fixture.ts'
import { soak } from './soak/soak.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, users: { type: 'string', default: '32' } },
})
const cluster = await RealCluster.start()
try {
  const options = { seconds: Number(values.minutes) * 60, users: Number(values.users) }
  const failures = await soak(cluster, options, line => console.log(line))
  await cluster.verified()
  for (const failure of failures) console.log(`FAILED  ${failure}`)
  console.log(failures.length === 0 ? 'level' : 'not level')
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await cluster.destroy()
}
