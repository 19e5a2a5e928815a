/** What `pnpm test simulation` runs: each suite over its fixed seeds, and over as many fresh ones. */
import { suites } from './suites.ts'

/** First of the fixed seeds. */
export const fixedSeeds = 1

export const simulationStages: readonly { readonly suite: string; readonly seeds: number }[] = suites.map(
  ({ name }) => ({ suite: name, seeds: 100 }),
)
