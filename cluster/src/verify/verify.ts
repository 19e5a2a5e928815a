/**
 * Proves a running cluster from its data: looks at all replicas and all rows while nothing moves. What moves is looked
 * at again, until the patience ends; then the findings that could not be settled stay `unknown`, with the reason.
 */
import { askingOnce } from './answering.ts'
import { checkConservation } from './conservation.ts'
import { type Finding, type Verdict, worst } from './finding.ts'
import { checkLocks } from './locks.ts'
import { checkReplicas } from './replicas.ts'
import { checkReadings, checkRows, type Reading, readKeyspace } from './shop-data.ts'
import { auditGroups, type Cluster, movedBetween, type Positions, positions, shardMap } from './snapshot.ts'

export interface VerifyOptions {
  /** How long to wait for rest. */
  readonly patienceMs: number
  /** Read every row of the shop as a client, too. */
  readonly rows: boolean
  readonly onLook?: (text: string) => void
}
export interface Verification {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  readonly looks: number
  readonly tookMs: number
}

const shopKeyspaces = ['orders', 'stock', 'payment']
/** Between two looks. */
const pauseMs = 400

export async function verifyCluster(cluster: Cluster, options: VerifyOptions): Promise<Verification> {
  const began = performance.now()
  const map = await shardMap(askingOnce(cluster))
  const keyspaces = options.rows ? shopKeyspaces.filter(keyspace => keyspace in map.keyspaces) : []
  const rest = new Rest()
  for (let looks = 1; ; looks++) {
    const asked = askingOnce(cluster)
    const before = await positions(asked)
    const isStill = rest.observe(before)
    const late = performance.now() - began > options.patienceMs
    // The first look costs a second one in vain when the cluster is busy; at the end any look is better than none.
    const findings = isStill || late ? await look(asked, map, keyspaces, before, rest) : undefined
    const verdict = findings === undefined ? 'unknown' : worst(findings)
    if (findings !== undefined && (verdict !== 'unknown' || late)) {
      return { verdict, findings, looks, tookMs: performance.now() - began }
    }
    options.onLook?.(findings?.find(finding => finding.verdict === 'unknown')?.detail ?? 'not at rest')
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
}

async function look(
  cluster: Cluster,
  map: Awaited<ReturnType<typeof shardMap>>,
  keyspaces: readonly string[],
  before: Positions,
  rest: Rest,
): Promise<Finding[]> {
  const views = await auditGroups(cluster, map)
  const moved = movedBetween(before, views, await positions(cluster))
  const stillForMs = moved.length > 0 ? 0 : rest.stillForMs()
  const locks = checkLocks(views, stillForMs)
  // What is prepared may be decided elsewhere: until it is finished here, sums do not fit.
  const underWay = locks.verdict === 'ok' ? moved : [...moved, locks.detail]
  const findings = [checkReplicas(views), checkConservation(views, underWay), locks]
  // Rows are many: they are read where the rest is settled.
  if (keyspaces.length === 0 || worst(findings) !== 'ok') return findings
  const readings = await readAll(cluster, keyspaces)
  if ('check' in readings) return [...findings, readings]
  const meanwhile = movedBetween(before, views, await positions(cluster))
  return [...findings, checkRows(readings), checkReadings(readings, views, meanwhile)]
}

async function readAll(cluster: Cluster, keyspaces: readonly string[]): Promise<Reading[] | Finding> {
  try {
    return await Promise.all(keyspaces.map(keyspace => readKeyspace(cluster, keyspace)))
  } catch (error) {
    const detail = `the rows cannot be read: ${error instanceof Error ? error.message : String(error)}`
    return { check: 'rows', verdict: 'unknown', detail }
  }
}

/** Since when no group has taken a command. */
class Rest {
  #last = ''
  #since = 0

  /** Whether nothing moved since the last time. */
  observe(now: Positions): boolean {
    const text = JSON.stringify([...now].sort())
    if (text === this.#last) return true
    this.#last = text
    this.#since = performance.now()
    return false
  }

  stillForMs(): number {
    return performance.now() - this.#since
  }
}
