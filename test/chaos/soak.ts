/**
 * A cluster at work on the same keys for a long time: what it holds must not grow.
 *
 *     pnpm test:soak --minutes 30
 *
 * Ends with 0 when memory, descriptors, write-ahead log, database and logs of the groups stayed level, no money was
 * lost, and no node met a defect.
 */
import { readArguments } from '../arguments.ts'
import { soak } from './soak/soak.ts'
import { tryCluster } from './trial.ts'

const { numbers } = readArguments(['minutes', 'users'], { usage: 'pnpm test:soak [--minutes N] [--users N]' })
const { minutes = 30, users = 32 } = numbers
await tryCluster((cluster, say) => soak(cluster, { seconds: minutes * 60, users }, say), {
  passed: 'level',
  failed: 'not level',
})
