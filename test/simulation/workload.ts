/** What clients of a simulated cluster do: one workload, many clients, checked while it runs and at the end. */
import type { Operation } from '@synod/actors'
import type { Random, Simulation } from '@synod/runtime/simulation'
import type { Transactor } from './workloads/transactor.ts'

export interface WorkloadPorts {
  readonly sim: Simulation
  readonly random: Random
  reached(goal: string): void
}

export interface Workload {
  readonly name: string
  /** What is put in before anything else. */
  setup(): Operation[]
  /** One client does one thing, and says when it is done. Throws when it sees what must not be. */
  step(transactor: Transactor, next: () => void): void
  /** After the faults, when nobody else does anything. */
  finish(transactor: Transactor, done: () => void): void
}
