/** Which groups each node leads, by what the nodes say of themselves. */
import type { NodeProcess } from './node-process.ts'

/** The page is made anew every two seconds: who is late is asked again then. */
const answerWithinMs = 1_000

export type Led = ReadonlyMap<string, readonly string[]>

interface Row {
  readonly group: string
  readonly role?: string
}

/** Without the nodes that do not answer. */
export async function ledBy(
  nodes: readonly Pick<NodeProcess, 'spec' | 'state'>[],
  adminToken: string,
): Promise<Led> {
  const ready = nodes.filter(({ state }) => state === 'ready')
  const told = await Promise.all(
    ready.map(async ({ spec: { id, url } }) => {
      const groups = await ledAt(`${url}/admin/groups`, adminToken)
      return groups === undefined ? [] : [[id, groups] as const]
    }),
  )
  return new Map(told.flat())
}

async function ledAt(url: string, adminToken: string): Promise<readonly string[] | undefined> {
  try {
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${adminToken}` },
      signal: AbortSignal.timeout(answerWithinMs),
    })
    if (!response.ok) return undefined
    const rows = (await response.json()) as readonly Row[]
    return rows.flatMap(({ group, role }) => (role === 'leader' ? [group] : [])).sort()
  } catch {
    // It ends, or is held up: the page says that it is not known.
    return undefined
  }
}
