/** What `pnpm test` simulates: each suite over the fixed seeds from `fixedSeeds` on, and over a fresh batch. */
export const fixedSeeds = 1

export const simulationStages: readonly { readonly suite: string; readonly seeds: number }[] = []
