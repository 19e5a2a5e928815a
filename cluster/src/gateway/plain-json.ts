/**
 * Which JSON comes in: what would come back as something else is refused instead (SPEC.md, GW5, GW7).
 *
 * Depth is bounded because whoever reads or writes nested data calls itself once for each level, on every node that the
 * value reaches: a value that one stack holds and another does not would end a node in the middle of a commit.
 */
export const deepest = 64

/** Why it cannot be kept as it is; undefined when it can. */
export function unfitness(value: unknown, levels: number = deepest): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : 'holds half of a surrogate pair'
    case 'number':
      return Number.isFinite(value) ? undefined : 'holds a number that is too large'
    case 'object':
      return value === null ? undefined : unfitWithin(value, levels)
    default:
      return undefined
  }
}

function unfitWithin(value: object, levels: number): string | undefined {
  if (levels === 0) return `is nested deeper than ${deepest} levels`
  for (const [name, part] of Object.entries(value)) {
    if (name === '__proto__') return 'holds the name __proto__'
    const why = unfitness(part, levels - 1) ?? (name.isWellFormed() ? undefined : unfitness(name))
    if (why !== undefined) return why
  }
  return undefined
}
