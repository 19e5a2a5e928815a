/** All stages, in the order in which they run. */
import { damage } from './damage.ts'
import { fullDisk, slowDisk } from './disks.ts'
import { killingStages } from './killing.ts'
import { leaderStopped, partitions } from './leaders.ts'
import { replacedStages } from './replaced.ts'
import type { Stage } from './stage.ts'

export const stages: readonly Stage[] = [
  ...killingStages,
  leaderStopped,
  partitions,
  slowDisk,
  fullDisk,
  ...replacedStages,
  damage,
]
