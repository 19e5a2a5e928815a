/**
 * More than a cluster can do, for a minute: an open loop at five times its peak rate.
 *
 *     pnpm test:overload --seconds 60 --times 5
 *
 * Says what became of the rate, of memory, of those that were refused, and how soon it was over. Ends with 0 when the
 * cluster refused definitely, kept at least 80 % of its peak, and answered as before within 5 s.
 */
import { readArguments } from '../arguments.ts'
import { Overload } from './overload/overload.ts'
import { tryCluster } from './trial.ts'

const { numbers } = readArguments(['seconds', 'times', 'users'], {
  usage: 'pnpm test:overload [--seconds N] [--times N] [--users N]',
})
const { seconds = 60, times = 5, users = 64 } = numbers
await tryCluster((cluster, say) => new Overload(cluster, say).run({ seconds, times, users }), {
  passed: 'it held',
  failed: 'it did not hold',
})
