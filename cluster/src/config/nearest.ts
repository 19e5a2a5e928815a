/** "Did you mean …?": the nearest of the known names, when it is near enough to be a slip. */
import { closest, distance } from 'fastest-levenshtein'

export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const best = closest(name.toLowerCase(), [...known])
  const slip = distance(name.toLowerCase(), best.toLowerCase())
  return slip <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined
}

/** ` Did you mean "replicas"?`, or what there is. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? `known: ${known.join(', ')}` : `did you mean ${JSON.stringify(near)}?`
}
