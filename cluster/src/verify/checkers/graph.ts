/**
 * A directed graph whose edges say why, its strongly connected parts, and its shortest cycles. Some nodes may stand
 * for no transaction (see `list-dependencies.ts`): a cycle's length counts only those that do.
 */
import { assert } from '@synod/runtime/protocol'

/** Why one transaction comes before another; one bit each, so that sets of reasons are numbers. */
export const Reason = { ww: 1, wr: 2, rw: 4, realTime: 8, none: 16 } as const

export interface Edge {
  readonly from: number
  readonly to: number
  /** One of `Reason`. */
  readonly reason: number
  /** What the edge was concluded from, for people. */
  readonly because?: string
}

export class Graph {
  readonly edges: Edge[][] = []
  /** Nodes from here on stand for no transaction. */
  readonly real: number

  constructor(real: number) {
    this.real = real
    for (let node = 0; node < real; node++) this.edges.push([])
  }

  addHelper(): number {
    return this.edges.push([]) - 1
  }

  add(edge: Edge): void {
    if (edge.from !== edge.to) this.out(edge.from).push(edge)
  }

  out(node: number): Edge[] {
    const edges = this.edges[node]
    assert(edges, 'an edge leads between nodes of the graph')
    return edges
  }

  /** The parts with a cycle in them, each a list of nodes; only edges with a reason in `reasons` count. */
  cyclicParts(reasons: number, within?: ReadonlySet<number>): number[][] {
    return stronglyConnected(this, reasons, within).filter(part => part.length > 1)
  }

  /**
   * A shortest path of edges with a reason in `reasons`, within a set of nodes, of at most `longest` transactions after
   * `from`; a cycle when `from` is `to`. Undefined when there is none.
   */
  shortestPath(
    from: number,
    to: number,
    reasons: number,
    within: ReadonlySet<number>,
    longest = Infinity,
  ): Edge[] | undefined {
    const cameBy = new Map<number, Edge>()
    let layer = [from]
    for (let length = 0; layer.length > 0 && length < longest; length++) {
      const nextLayer: number[] = []
      // `layer` grows while it is walked: a helper node costs nothing, so it belongs to the same layer.
      for (const node of layer) {
        for (const edge of this.out(node)) {
          if ((edge.reason & reasons) === 0 || !within.has(edge.to) || cameBy.has(edge.to)) continue
          cameBy.set(edge.to, edge)
          if (edge.to === to) return pathTo(to, from, cameBy)
          if (edge.to >= this.real) layer.push(edge.to)
          else nextLayer.push(edge.to)
        }
      }
      layer = nextLayer
    }
    return undefined
  }
}

function pathTo(to: number, from: number, cameBy: ReadonlyMap<number, Edge>): Edge[] {
  const path: Edge[] = []
  for (let node = to; path.length === 0 || node !== from; ) {
    const edge = cameBy.get(node)
    assert(edge, 'every node of a search was reached by an edge')
    path.push(edge)
    node = edge.from
  }
  return path.reverse()
}

/** Tarjan (1972), with a stack of its own: histories are longer than the machine's stack is deep. */
function stronglyConnected(
  graph: Graph,
  reasons: number,
  within: ReadonlySet<number> | undefined,
): number[][] {
  const size = graph.edges.length
  const index = new Int32Array(size).fill(-1)
  const low = new Int32Array(size)
  const nextEdge = new Int32Array(size)
  const onStack = new Uint8Array(size)
  const stack: number[] = []
  const path: number[] = []
  const parts: number[][] = []
  let counter = 0

  const enter = (node: number) => {
    index[node] = counter
    low[node] = counter
    counter++
    stack.push(node)
    onStack[node] = 1
    path.push(node)
  }
  const leave = (node: number) => {
    path.pop()
    const parent = path.at(-1)
    if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number)
    if (low[node] !== index[node]) return
    const part = stack.splice(stack.lastIndexOf(node))
    for (const member of part) onStack[member] = 0
    parts.push(part)
  }
  const step = (node: number) => {
    const edge = graph.out(node)[(nextEdge[node] as number)++]
    if (!edge) leave(node)
    else if ((edge.reason & reasons) === 0 || (within && !within.has(edge.to))) return
    else if (index[edge.to] === -1) enter(edge.to)
    else if (onStack[edge.to] === 1) low[node] = Math.min(low[node] as number, index[edge.to] as number)
  }

  for (const root of within ?? graph.edges.keys()) {
    if (index[root] !== -1) continue
    enter(root)
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) step(node)
  }
  return parts
}
