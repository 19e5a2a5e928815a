/** What `pnpm test simulation` runs: each suite over its fixed seeds, and over some fresh ones. */
import { suites } from '../suites.ts'

/** First of the fixed seeds. */
export const fixedSeeds = 1

export const simulationStages: readonly {
  readonly suite: string
  readonly fixed: number
  readonly fresh: number
}[] = suites.map(({ name }) => ({ suite: name, fixed: 300, fresh: 100 }))
