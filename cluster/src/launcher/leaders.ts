/** Which groups there are and which node leads each, by what the nodes say of themselves. */
import type { NodeProcess } from './node-process.ts'

/** The page is made anew every two seconds: who is late is asked again then. */
const answerWithinMs = 1_000

export interface Led {
  /** Without the nodes that do not answer. */
  readonly by: ReadonlyMap<string, readonly string[]>
  readonly groups: number
  /** How many of them have a leader. */
  readonly led: number
}

interface Row {
  readonly group: string
  readonly role?: string
}

export async function ledBy(
  nodes: readonly Pick<NodeProcess, 'spec' | 'state'>[],
  adminToken: string,
): Promise<Led> {
  const ready = nodes.filter(({ state }) => state === 'ready')
  const told = await Promise.all(
    ready.map(async ({ spec: { id, url } }) => {
      const rows = await rowsAt(`${url}/admin/groups`, adminToken)
      return rows === undefined ? [] : [[id, rows] as const]
    }),
  )
  const rows = told.flat().flatMap(([, own]) => own)
  return {
    by: new Map(told.flat().map(([id, own]) => [id, ledIn(own).sort()])),
    groups: new Set(rows.map(({ group }) => group)).size,
    led: new Set(ledIn(rows)).size,
  }
}

const ledIn = (rows: readonly Row[]) => rows.flatMap(({ group, role }) => (role === 'leader' ? [group] : []))

async function rowsAt(url: string, adminToken: string): Promise<readonly Row[] | undefined> {
  try {
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${adminToken}` },
      signal: AbortSignal.timeout(answerWithinMs),
    })
    return response.ok ? ((await response.json()) as readonly Row[]) : undefined
  } catch {
    // It ends, or is held up: the page says that it is not known.
    return undefined
  }
}
