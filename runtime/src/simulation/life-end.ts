/** How the life of a simulated node ends: at a point of a turn, by its disk, or between two turns. */
import { NodeGivenUp } from '../kernel/life.ts'
import { DamagedRow } from '../storage/damage.ts'
import { StorageError } from '../storage/storage.ts'

/**
 * Of a turn that writes: with nothing durable, with everything durable and nothing sent, with some of its messages
 * sent. What rests on nothing that the turn writes leaves before all of them.
 */
export const crashPoints = ['beforeCommit', 'afterCommit', 'whileReleasing'] as const
export type CrashPoint = (typeof crashPoints)[number]

/** How the next turn with writes ends the node. */
export type PlannedEnd = CrashPoint | 'failedCommit'

/** What a planned crash throws through the kernel. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash'
  readonly at: CrashPoint

  constructor(at: CrashPoint) {
    super(`crashed ${at}`)
    this.at = at
  }
}

/** What to count; undefined for an error that no fault explains. */
export function endNamed(error: unknown, diskFull: boolean): string | undefined {
  if (error instanceof SimulatedCrash) return `crash ${error.at}`
  if (error instanceof DamagedRow) return 'damage found'
  if (error instanceof StorageError) return diskFull ? 'disk full' : 'commit failed'
  if (error instanceof NodeGivenUp) return 'given up'
  return undefined
}
