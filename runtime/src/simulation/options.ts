/** What a simulation is made of, and how one fails. */
import type { Address } from '../address.ts'
import type { Limits, Observer } from '../kernel/ports.ts'
import type { MemoryStorage } from '../storage/memory.ts'
import type { CrashPoint } from './life-end.ts'
import type { Weather } from './network.ts'
import type { TraceSink } from './trace.ts'
import type { PlantedFault } from './world.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly nodes: readonly string[]
  readonly network?: Partial<Weather>
  readonly observer?: Observer
  readonly limits?: Partial<Limits>
  /** Receives every event as a line. */
  readonly trace?: TraceSink
  /** More events than this are taken for a loop that never ends; default 20 million. */
  readonly maxEvents?: number
  /** A fault in the host itself, on purpose: only to show that the simulation finds it. */
  readonly planted?: PlantedFault
  /** An actor that throws ends the simulation, unless this allows it. */
  readonly mayFail?: (actor: Address, error: Error) => boolean
}

export interface CrashOptions {
  /** Default: now, between two turns. Else in the next turn that reaches this point. */
  readonly at?: CrashPoint | 'now'
  /** The disk is lost with the node. */
  readonly wipe?: boolean
  /** The folder is replaced by this older copy. */
  readonly rollback?: MemoryStorage
}

export interface RunLimits {
  /** Most virtual milliseconds from now; default 10 minutes. */
  readonly maxMs?: number
}

/** What ends a simulation: always names the seed. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  readonly seed: number
  readonly atMs: number

  constructor(seed: number, atMs: number, what: string, cause?: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    super(`seed ${seed}, at ${atMs.toFixed(3)} ms: ${what}${why}`, { cause })
    this.seed = seed
    this.atMs = atMs
  }
}
