/**
 * What the shop's clients would read, row by row: nothing oversold, orders sound (VF4), and in sum exactly what the
 * replicas hold (VF5), so that goods and money that are conserved are those of the orders that are shown as paid.
 */
import { type Exact, measures, plus } from '@synod/actors'
import type { Json } from '@synod/runtime/protocol'
import type { Finding } from './finding.ts'
import { latest } from './latest.ts'
import type { Cluster, GroupView } from './snapshot.ts'

export interface Row {
  readonly key: string
  readonly value: Json
}
/** What is wrong with a row; undefined when it is sound. */
type Judge = (key: string, value: Json) => string | undefined

const judges: Readonly<Record<string, Judge>> = {
  stock: judgeStock,
  payment: judgeCredit,
  orders: judgeOrder,
}
const shownProblems = 10
const pageRows = 1_000

function judgeStock(key: string, value: Json): string | undefined {
  if (!/\/(price|count)$/.test(key)) return 'is neither a price nor a count'
  return natural(value) ? undefined : `is ${JSON.stringify(value)}, not an integer from 0`
}

function judgeCredit(_key: string, value: Json): string | undefined {
  return natural(value) ? undefined : `is ${JSON.stringify(value)}, not an integer from 0`
}

/** `total` is what was agreed, line by line. */
function judgeOrder(_key: string, value: Json): string | undefined {
  const order = value as {
    items?: readonly (readonly [string, number, number])[]
    total?: number
    prepaid?: number
  }
  if (!Array.isArray(order?.items)) return 'is not an order'
  const agreed = order.items.reduce((sum, [, quantity, price]) => sum + quantity * price, 0)
  if (order.total !== agreed) return `has a total of ${order.total}, its lines ${agreed}`
  return order.prepaid === undefined || natural(order.prepaid) ? undefined : `was prepaid ${order.prepaid}`
}

function natural(value: Json): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** What was read of a keyspace: sums of its measures, and the rows that are not sound. */
export interface Reading {
  readonly keyspace: string
  rows: number
  readonly sums: Record<string, Exact>
  readonly problems: string[]
}

export function emptyReading(keyspace: string): Reading {
  return { keyspace, rows: 0, sums: {}, problems: [] }
}

export function readRow(reading: Reading, { key, value }: Row): void {
  reading.rows += 1
  const problem = judges[reading.keyspace]?.(key, value)
  if (problem !== undefined) reading.problems.push(`${reading.keyspace} ${key} ${problem}`)
  for (const [measure, amount] of Object.entries(measures[reading.keyspace]?.(key, value) ?? {})) {
    reading.sums[measure] = plus(reading.sums[measure] ?? 0, amount)
  }
}

/** Reads a keyspace page by page through the nodes in turn; linearizable reads, as a client's. */
export async function readKeyspace(cluster: Cluster, keyspace: string): Promise<Reading> {
  const reading = emptyReading(keyspace)
  let after: string | undefined
  for (let page = 0; ; page++) {
    const node = cluster.nodes[page % cluster.nodes.length]
    const query = new URLSearchParams({ limit: String(pageRows), ...(after === undefined ? {} : { after }) })
    const answer = (await cluster.get(`${node?.url}/kv/${keyspace}?${query}`)) as {
      entries: Row[]
      more: boolean
    }
    for (const row of answer.entries) readRow(reading, row)
    after = answer.entries.at(-1)?.key
    if (!answer.more || after === undefined) return reading
  }
}

export function checkRows(readings: readonly Reading[]): Finding {
  const problems = readings.flatMap(reading => reading.problems)
  const rows = readings.reduce((sum, reading) => sum + reading.rows, 0)
  if (problems.length === 0) {
    return {
      check: 'rows',
      verdict: 'ok',
      detail: `${rows} rows: no stock or credit below 0, no order that does not add up`,
    }
  }
  const more = problems.length > shownProblems ? `; and ${problems.length - shownProblems} more` : ''
  return {
    check: 'rows',
    verdict: 'violated',
    detail: `${problems.slice(0, shownProblems).join('; ')}${more}`,
    evidence: problems.slice(0, 100 * shownProblems),
  }
}

/** Compares with what the replicas counted themselves; only meaningful when nothing moved in between. */
export function checkReadings(
  readings: readonly Reading[],
  views: readonly GroupView[],
  moved: readonly string[],
): Finding {
  const check = 'reads'
  if (moved.length > 0) return { check, verdict: 'unknown', detail: `not at rest: ${moved.join('; ')}` }
  for (const { keyspace, rows, sums } of readings) {
    const held = heldOf(views, keyspace)
    const counted = { ...sums, rows }
    if (!sameSums(held, counted)) {
      const detail = `${keyspace}: clients read ${JSON.stringify(counted)}, the replicas hold ${JSON.stringify(held)}`
      return { check, verdict: 'violated', detail, evidence: { keyspace, read: counted, held } }
    }
  }
  return { check, verdict: 'ok', detail: 'clients read exactly what the replicas hold' }
}

function sameSums(left: Record<string, Exact>, right: Record<string, Exact>): boolean {
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].every(name => (left[name] ?? 0) === (right[name] ?? 0))
}

function heldOf(views: readonly GroupView[], keyspace: string): Record<string, Exact> {
  const found: Record<string, Exact> = { rows: 0 }
  for (const view of views) {
    const audit = latest(view)?.audit
    found.rows = plus(found.rows ?? 0, audit?.values?.[keyspace] ?? 0)
    for (const [measure, amount] of Object.entries(audit?.held?.[keyspace] ?? {})) {
      found[measure] = plus(found[measure] ?? 0, amount)
    }
  }
  return found
}
