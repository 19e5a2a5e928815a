/** What a simulated node knows of the simulation around it. */
import type { NodeId } from '../address.ts'
import type { Activation, Limits, Observer } from '../kernel/ports.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimNode } from './sim-node.ts'
import type { Tally } from './tally.ts'
import type { Trace } from './trace.ts'

/**
 * Faults of the host itself, on purpose. `ackBeforeCommit`: messages leave although a crash may still lose the turn
 * that sent them. `damageIgnored`: rows whose checksum does not fit are read as if they had never been there.
 * `sightingsNotLearnt`: a node that lost its memory does not take over what others saw.
 */
export type PlantedFault = 'ackBeforeCommit' | 'damageIgnored' | 'sightingsNotLearnt'

export type Placed = Activation

export interface World {
  readonly nodes: readonly NodeId[]
  readonly scheduler: Scheduler
  readonly network: Network
  readonly random: Random
  readonly trace: Trace
  readonly happened: Tally
  /** Wall time at the beginning. */
  readonly epochMs: number
  readonly limits: Partial<Limits> | undefined
  readonly planted: PlantedFault | undefined
  observerOf(node: SimNode): Observer
  turnEnded(node: SimNode): void
  /** Who hears whom may have changed. */
  changed(): void
  /** Ends the simulation: something is broken that no fault explains. */
  fail(what: string, cause: unknown): never
}
