/** What a URL must be before its route looks at it. Common ones are told by a look for two characters. */
import { BadInput } from './problem.ts'

/**
 * Throws `BadInput` for what would otherwise be read as something else, or not at all (SPEC.md, GW7, GW10). `query`:
 * the parameters that there are; undefined: none is read, so none is refused.
 */
export function refuseStrange(url: string, query: readonly string[] | undefined): void {
  const begin = url.indexOf('?')
  const read = query === undefined && begin >= 0 ? url.slice(0, begin) : url
  if (read.includes('%')) refuseBadEncoding(read)
  if (query !== undefined && begin >= 0) refuseUnknown(new URLSearchParams(url.slice(begin)), query)
}

/** Hono takes what it cannot decode as it stands: a key would be another one than meant. */
function refuseBadEncoding(url: string): void {
  try {
    decodeURIComponent(url)
  } catch {
    throw new BadInput('bad percent-encoding in the URL: each % begins an octet of UTF-8; a % itself is %25')
  }
}

function refuseUnknown(given: URLSearchParams, known: readonly string[]): void {
  const unknown = [...given.keys()].find(name => !known.includes(name))
  if (unknown === undefined) return
  const hint = known.length === 0 ? 'this route has none' : `known: ${known.join(', ')}`
  throw new BadInput(`unknown query parameter ${JSON.stringify(unknown.slice(0, 40))}; ${hint}`)
}
