/** How the shards of a run lie on groups: mostly each on its own; else some share one, or keyspaces share them. */
import type { KeyspaceLayout } from '@synod/actors'
import type { Random } from '@synod/runtime/simulation'

export interface DrawnGroups {
  readonly groups: number
  /** The keyspaces share the groups of the first. */
  readonly together: boolean
}

export function drawGroups(random: Random, shards: number): DrawnGroups {
  return { groups: random.chance(0.3) ? random.integer(1, shards) : shards, together: random.chance(0.2) }
}

export function keyspacesOf(
  names: readonly [first: string, ...others: string[]],
  { shards, groups, together }: DrawnGroups & { readonly shards: number },
): Record<string, KeyspaceLayout> {
  const [first] = names
  const layout = (name: string): KeyspaceLayout => ({
    shards,
    groups: together && name !== first ? first : groups,
    replicas: 3,
  })
  return Object.fromEntries(names.map(name => [name, layout(name)]))
}
