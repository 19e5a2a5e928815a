/** What users of a workload do, and how a step of theirs ended. */
import type { Finding } from '../verify/finding.ts'
import type { NodeAt } from '../verify/snapshot.ts'
import type { HistoryWriter } from './history-writer.ts'

/**
 * `ok`: done, and counted in the rate. `refused`: for a reason of its own. `unavailable`: nothing happened, and trying
 * again is safe. `unknown`: it may have happened.
 */
export type StepOutcome = 'ok' | 'refused' | 'unavailable' | 'unknown'

export interface Step {
  readonly outcome: StepOutcome
  /** What is counted: `paid`, `outOfStock`, `503`. */
  readonly reason: string
  /** The part of the step that is measured, when it is not all of it. */
  readonly ms?: number
}

export interface Workload {
  /** What a step that is `ok` has done: `newly paid orders`. */
  readonly unit: string
  prepare(): Promise<void>
  /** One user does one thing. Undefined: there is nothing left to do. Never rejects. */
  step(user: number): Promise<Step> | undefined
  /** What can be said when all users have ended. */
  finish(): Promise<readonly Finding[]>
  close(): void
}

export interface Setup {
  readonly nodes: readonly NodeAt[]
  readonly users: number
  /** Things that users meet on: items, accounts, registers, lists. */
  readonly keys: number
  /** Orders that the shop begins with. */
  readonly orders: number
  /** Make each order on the fly instead. */
  readonly create: boolean
  readonly history: HistoryWriter | undefined
  /** For what only an administrator may see; undefined where that is not to be had. */
  readonly admin: ((url: string) => Promise<unknown>) | undefined
}
