/**
 * More than a cluster can do, for a minute: an open loop at five times its peak rate.
 *
 *     node test/chaos/overload.ts --seconds 60 --times 5
 *
 * Says what became of the rate, of memory, of those that were refused, and how soon it was over. Ends with 0 when the
 * cluster refused definitely, kept at least 80 % of its peak, and answered as before within 5 s.
 */
import { parseArgs } from 'node:util'
import { RealCluster } from '../processes/cluster.fixture.ts'
import { Overload } from './overload/overload.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    times: { type: 'string', default: '5' },
    users: { type: 'string', default: '64' },
  },
})
const cluster = await RealCluster.start()
try {
  const overload = new Overload(cluster, line => console.log(line))
  const failures = await overload.run({
    seconds: Number(values.seconds),
    times: Number(values.times),
    users: Number(values.users),
  })
  await cluster.verified()
  for (const failure of failures) console.log(`FAILED  ${failure}`)
  console.log(failures.length === 0 ? 'it held' : 'it did not hold')
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await cluster.destroy()
}
