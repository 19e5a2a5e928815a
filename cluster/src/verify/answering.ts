/** Who answers, and whether those are enough to say anything of a group. */
import type { Cluster, GroupView } from './snapshot.ts'

/** A node that does not answer holds up nobody for longer. */
const patienceMs = 10_000

/**
 * The same cluster, for one look at it: a node that did not answer once, or not in time, is not asked again. `get`
 * may go on behind it.
 */
export function askingOnce(cluster: Cluster): Cluster {
  const away = new Map<string, Error>()
  return {
    nodes: cluster.nodes,
    async get(url) {
      const node = cluster.nodes.find(at => url.startsWith(at.url))?.id ?? url
      const before = away.get(node)
      if (before !== undefined) throw before
      try {
        return await inTime(cluster.get(url))
      } catch (error) {
        if (error instanceof NoAnswer) away.set(node, error)
        throw error
      }
    },
  }
}

class NoAnswer extends Error {}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(`no answer within ${patienceMs / 1_000} s`)), patienceMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Groups of which less than a majority was seen: what was chosen may be missing. Undefined: none. */
export function tooFew(views: readonly GroupView[]): string | undefined {
  const few = views.filter(({ members, audits }) => audits.length * 2 <= members.length)
  if (few.length === 0) return undefined
  return `less than a majority answers of ${few.map(({ group }) => group).join(', ')}`
}

/** Node by node: `n3 does not answer (why)`. */
export function silence(views: readonly GroupView[]): string[] {
  const silent = Map.groupBy(
    views.flatMap(view => view.silent.map(member => ({ ...member, group: view.group }))),
    ({ node }) => node,
  )
  return [...silent].map(([node, groups]) => {
    const [first] = groups
    const all = groups.length === views.length ? '' : ` for ${groups.map(({ group }) => group).join(', ')}`
    return `${node} does not answer${all} (${first?.why})`
  })
}
