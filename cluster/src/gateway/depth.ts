/**
 * How deep JSON may be nested. Whoever reads or writes nested data calls itself once for each level, on every node that
 * the value reaches: a value that one stack holds and another does not would end a node in the middle of a commit.
 */
export const deepest = 64

export function isShallow(value: unknown, levels: number = deepest): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  if (Array.isArray(value)) return value.every(part => isShallow(part, levels - 1))
  for (const name in value) if (!isShallow((value as Record<string, unknown>)[name], levels - 1)) return false
  return true
}
