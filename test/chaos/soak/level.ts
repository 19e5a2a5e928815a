/** Whether what nodes hold stays level: the first third of the looks, after one to warm up, against the last third. */
import type { Holding } from './holding.ts'

type Measure = Exclude<keyof Holding, 'node'>

/** May grow by so much, and by a fifth: what a collector or a checkpoint has not come to yet. */
const slack: Readonly<Record<Measure, number>> = {
  residentMiB: 48,
  descriptors: 8,
  walMiB: 16,
  databaseMiB: 16,
  longestLog: 5_000,
}
const share = 1.2

/** Returns what grew. `seen`: one list of nodes for each look. */
export function growth(seen: readonly (readonly Holding[])[]): string[] {
  const third = Math.max(1, Math.floor(seen.length / 3))
  const first = seen.slice(1, 1 + third)
  const last = seen.slice(-third)
  const nodes = seen[0]?.map(({ node }) => node) ?? []
  return nodes.flatMap((node, at) =>
    (Object.keys(slack) as Measure[]).flatMap(measure => {
      const median = (looks: readonly (readonly Holding[])[]) =>
        middle(looks.flatMap(look => look[at]?.[measure] ?? []))
      const [before, after] = [median(first), median(last)]
      return after > before * share + slack[measure]
        ? [`${node}: ${measure} grew from ${before} to ${after}`]
        : []
    }),
  )
}

function middle(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}
