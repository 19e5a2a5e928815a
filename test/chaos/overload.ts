/**
 * More than a cluster can do, for a minute: an open loop at five times its peak rate.
 *
 *     pnpm test:overload --seconds 60 --times 5
 *
 * Says what became of the rate, of memory, of those that were refused, and how soon it was over. Ends with 0 when the
 * cluster refused definitely, kept at least 80 % of its peak, and answered as before within 5 s.
 */
import { readArguments } from '../arguments.ts'
import { RealCluster } from '../processes/cluster.fixture.ts'
import { Overload } from './overload/overload.ts'

const { numbers } = readArguments(['seconds', 'times', 'users'], {
  usage: 'pnpm test:overload [--seconds N] [--times N] [--users N]',
})
const { seconds = 60, times = 5, users = 64 } = numbers
const cluster = await RealCluster.start()
try {
  const overload = new Overload(cluster, line => console.log(line))
  const failures = await overload.run({ seconds, times, users })
  await cluster.verified()
  for (const failure of failures) console.log(`FAILED  ${failure}`)
  console.log(failures.length === 0 ? 'it held' : 'it did not hold')
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await cluster.destroy()
}
