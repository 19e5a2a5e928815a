/**
 * Serializability of list-append histories (Adya; Kingsbury and Alvaro, Elle, 2020): lists show the order of the
 * appends to them, so the order of transactions follows from what they appended and read; it must have no cycle.
 */
export interface ListTransaction {
  readonly name: string
  readonly appends: readonly string[]
  /** Key → the list it read (its own append not included). */
  readonly reads: ReadonlyMap<string, readonly string[]>
  readonly calledMs: number
  readonly returnedMs: number
}

/** `lists`: the final lists of names. Returns a cycle, or undefined. Throws when a read fits no version. */
export function findCycle(
  transactions: readonly ListTransaction[],
  lists: ReadonlyMap<string, readonly string[]>,
): string[] | undefined {
  const edges = new Map<string, Set<string>>(transactions.map(({ name }) => [name, new Set()]))
  const edge = (from: string | undefined, to: string | undefined) => {
    if (from !== undefined && to !== undefined && from !== to) edges.get(from)?.add(to)
  }
  for (const list of lists.values()) for (let at = 1; at < list.length; at++) edge(list[at - 1], list[at])
  for (const { name, reads } of transactions) {
    for (const [key, read] of reads) {
      const list = lists.get(key) ?? []
      if (read.some((value, at) => list[at] !== value))
        throw new Error(`${name} read ${key} as no version of it`)
      edge(read.at(-1), name)
      // What comes next overwrote what was read; the reader's own append may be next itself.
      const next = list[read.length]
      edge(name, next === name ? undefined : next)
    }
  }
  // What returned before another was called comes before it.
  for (const a of transactions)
    for (const b of transactions) if (a.returnedMs < b.calledMs) edge(a.name, b.name)
  return cycleIn(edges)
}

function cycleIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>()
  for (const start of edges.keys()) {
    const path: string[] = []
    const onPath = new Set<string>()
    const visit = (name: string): string[] | undefined => {
      if (onPath.has(name)) return [...path.slice(path.indexOf(name)), name]
      if (done.has(name)) return undefined
      path.push(name)
      onPath.add(name)
      for (const next of edges.get(name) ?? []) {
        const cycle = visit(next)
        if (cycle !== undefined) return cycle
      }
      path.pop()
      onPath.delete(name)
      done.add(name)
      return undefined
    }
    const cycle = visit(start)
    if (cycle !== undefined) return cycle
  }
  return undefined
}
