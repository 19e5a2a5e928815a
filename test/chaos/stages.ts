/** All stages, in the order in which they run. */
import { killingStages } from './killing.ts'
import { leaderStopped, partitions } from './leaders.ts'
import type { Stage } from './stage.ts'

export const stages: readonly Stage[] = [...killingStages, leaderStopped, partitions]
