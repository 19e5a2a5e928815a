/**
 * Which JSON comes in: what would come back as something else is refused instead (SPEC.md, GW5, GW7).
 *
 * Depth is bounded because whoever reads or writes nested data calls itself once for each level, on every node that the
 * value reaches: a value that one stack holds and another does not would end a node in the middle of a commit.
 */
export const deepest = 64

/** Fewer digits than these always come back; a body without such a run is not parsed a second time. */
const manyDigits = /\d{16}/

/** TypeScript's library does not know the third argument yet (ECMAScript 2026, JSON.parse source text access). */
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown

/** Why a JSON text cannot be kept as it is, given its value: a predicate for a sentence. Undefined when it can. */
export function unfitText(text: string, value: unknown): string | undefined {
  const why = unfitness(value)
  if (why !== undefined) return why
  const changed = changedInteger(text)
  if (changed === undefined) return undefined
  return `holds ${changed.slice(0, 40)}, which would come back as ${Number(changed)}: send it as a string`
}

/**
 * The first whole number of a JSON text that a double would give back with other digits. The text is no deeper than
 * `deepest`.
 */
export function changedInteger(text: string): string | undefined {
  if (!manyDigits.test(text)) return undefined
  let found: string | undefined
  parseWithSource(text, (_, value, { source }) => {
    if (typeof value === 'number' && source !== undefined && !comesBack(source, value)) found ??= source
    return value
  })
  return found
}

/** What JavaScript itself writes always does: its shortest digits, and zeros behind them. */
function comesBack(source: string, value: number): boolean {
  if (!/^-?\d{16,}$/.test(source)) return true
  const [digits = '', exponent] = Math.abs(value).toExponential().split('e')
  return source.replace('-', '') === digits.replace('.', '').padEnd(Number(exponent) + 1, '0')
}

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
