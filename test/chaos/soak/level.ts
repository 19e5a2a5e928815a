/**
 * Whether what nodes hold stays level. The first half of the looks is for warming up: logs grow until their tail is as
 * long as it may be, and memory with them. Then the third quarter is held against the last.
 */
import type { Holding } from './holding.ts'

type Measure = Exclude<keyof Holding, 'node'>

/** May grow by so much, and by a tenth: what a collector or a checkpoint has not come to yet. */
const slack: Readonly<Record<Measure, number>> = {
  residentMiB: 48,
  descriptors: 8,
  walMiB: 16,
  databaseMiB: 16,
  longestLog: 5_000,
}
const share = 1.1

/** Slots that a group may keep: its tail, what is not flushed yet, and what is under way. */
const mostSlots = 10_000 + 2_000 + 1_000

/** Returns what grew. `seen`: one list of nodes for each look. */
export function growth(seen: readonly (readonly Holding[])[]): string[] {
  const quarter = Math.max(1, Math.floor(seen.length / 4))
  const first = seen.slice(-2 * quarter, -quarter)
  const last = seen.slice(-quarter)
  const nodes = seen[0]?.map(({ node }) => node) ?? []
  const long = seen.flat().filter(({ longestLog }) => longestLog > mostSlots)
  const uncompacted = long
    .slice(0, 1)
    .map(({ node, longestLog }) => `${node}: ${longestLog} slots of a log are kept`)
  const grown = nodes.flatMap((node, at) =>
    (Object.keys(slack) as Measure[]).flatMap(measure => {
      const median = (looks: readonly (readonly Holding[])[]) =>
        middle(looks.flatMap(look => look[at]?.[measure] ?? []))
      const [before, after] = [median(first), median(last)]
      return after > before * share + slack[measure]
        ? [`${node}: ${measure} grew from ${before} to ${after}`]
        : []
    }),
  )
  return [...uncompacted, ...grown]
}

function middle(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}
