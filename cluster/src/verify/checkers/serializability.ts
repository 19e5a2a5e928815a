/**
 * Is a history of list-append transactions strictly serializable? Every order between transactions that it shows is
 * an edge of a graph; a cycle is a proof that no serial order exists, and lists show enough that without one there is
 * one (Kingsbury and Alvaro, Elle, 2020). Cycles are named after Adya (1999).
 */
import { type Edge, type Graph, Reason } from './graph.ts'
import type { ListTransaction } from './history.ts'
import { dependencies } from './list-dependencies.ts'
import { listVersions, type ReadAnomaly, showList } from './list-versions.ts'

/** What the edges of a cycle are: only ww; also wr; one rw; several. */
export type CycleType = 'G0' | 'G1c' | 'G-single' | 'G2'

export interface CycleStep {
  readonly transaction: ListTransaction
  /** Why it comes before the next step's transaction; the last one's next is the first. */
  readonly reason: 'ww' | 'wr' | 'rw' | 'real time'
  readonly because: string
}

export interface CycleAnomaly {
  readonly type: CycleType
  /** Whether it needs real time: then the history is serializable as far as this cycle goes, but not strictly. */
  readonly realTime: boolean
  readonly cycle: readonly CycleStep[]
  readonly message: string
}

export type Anomaly = ReadAnomaly | CycleAnomaly

export type Serializability =
  | { readonly verdict: 'ok'; readonly transactions: number }
  | { readonly verdict: 'violated'; readonly anomalies: readonly Anomaly[] }

/** Tangled parts of the graph that are looked into: one shows that something is wrong, a few where. */
const mostParts = 20
/** Where a search for a shortest cycle begins, in each part. In a larger tangle a shorter one can be missed. */
const mostStarts = 2_000

export function checkSerializability(history: readonly ListTransaction[]): Serializability {
  const versions = listVersions(history)
  const anomalies: Anomaly[] = [...versions.anomalies]
  // Where reads contradict each other there is no order of versions to conclude from.
  if (versions.anomalies.every(({ type }) => type === 'G1a' || type === 'G1b')) {
    anomalies.push(...cycles(dependencies(history, versions), history))
  }
  return anomalies.length > 0
    ? { verdict: 'violated', anomalies }
    : { verdict: 'ok', transactions: history.length }
}

const everything = Reason.ww | Reason.wr | Reason.rw | Reason.realTime | Reason.none

function cycles(graph: Graph, history: readonly ListTransaction[]): CycleAnomaly[] {
  return graph
    .cyclicParts(everything)
    .slice(0, mostParts)
    .map(part => worstCycle(graph, new Set(part), history))
}

/** The first kind in Adya's order that the part holds, real time only where it cannot do without. */
function worstCycle(
  graph: Graph,
  part: ReadonlySet<number>,
  history: readonly ListTransaction[],
): CycleAnomaly {
  for (const time of [0, Reason.realTime]) {
    const writes = Reason.ww | Reason.none | time
    const known = writes | Reason.wr
    const kinds: [CycleType, Edge[] | undefined][] = [
      ['G0', shortestCycle(graph, part, writes)],
      ['G1c', shortestCycle(graph, part, known)],
      ['G-single', shortestWithOneRw(graph, part, known)],
      ['G2', shortestCycle(graph, part, known | Reason.rw)],
    ]
    for (const [type, edges] of kinds) {
      if (edges) return anomaly(type, time !== 0, edges, graph, history)
    }
  }
  throw new Error('unreachable: a strongly connected part has a cycle')
}

function shortestCycle(graph: Graph, part: ReadonlySet<number>, reasons: number): Edge[] | undefined {
  let shortest: Edge[] | undefined
  for (const cyclic of graph.cyclicParts(reasons, part)) {
    const within = new Set(cyclic)
    const starts = cyclic.filter(node => node < graph.real).slice(0, mostStarts)
    for (const start of starts) {
      const longest = shortest ? realLength(graph, shortest) - 1 : Infinity
      shortest = graph.shortestPath(start, start, reasons, within, longest) ?? shortest
    }
  }
  return shortest
}

function shortestWithOneRw(graph: Graph, part: ReadonlySet<number>, known: number): Edge[] | undefined {
  let shortest: Edge[] | undefined
  let starts = 0
  for (const node of part) {
    for (const edge of graph.out(node)) {
      if (edge.reason !== Reason.rw || !part.has(edge.to) || starts++ > mostStarts) continue
      const longest = shortest ? realLength(graph, shortest) - 1 : Infinity
      const back = graph.shortestPath(edge.to, node, known, part, longest)
      if (back && (!shortest || realLength(graph, [edge, ...back]) < realLength(graph, shortest))) {
        shortest = [edge, ...back]
      }
    }
  }
  return shortest
}

function realLength(graph: Graph, cycle: readonly Edge[]): number {
  return cycle.filter(edge => edge.from < graph.real).length
}

function anomaly(
  type: CycleType,
  realTime: boolean,
  edges: readonly Edge[],
  graph: Graph,
  history: readonly ListTransaction[],
): CycleAnomaly {
  const cycle: CycleStep[] = []
  for (const { from, reason, because = '' } of edges) {
    const transaction = from < graph.real ? history[from] : undefined
    if (transaction) cycle.push({ transaction, reason: reasonName(reason), because })
  }
  const steps = cycle.map(
    ({ transaction, reason, because }) => `${show(transaction)} (${reason}: ${because})`,
  )
  return { type, realTime, cycle, message: `${steps.join(' before ')} before the first again` }
}

function reasonName(reason: number): CycleStep['reason'] {
  if (reason === Reason.ww) return 'ww'
  if (reason === Reason.wr) return 'wr'
  return reason === Reason.rw ? 'rw' : 'real time'
}

function show({ client, txn }: ListTransaction): string {
  const steps = txn.map(([what, key, argument]) =>
    what === 'append' ? `append ${key} ${argument}` : `read ${key} ${showList(argument ?? [])}`,
  )
  return `${client}: ${steps.join(', ')}`
}
