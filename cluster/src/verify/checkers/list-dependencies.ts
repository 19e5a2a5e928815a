/**
 * The order between transactions that a history of lists shows (Adya, 1999; Elle, §4.3):
 * ww: it appended the next element of a list; wr: it read the other's append; rw: it read a version that lacks the
 * other's append; real time: it ended before the other began.
 *
 * Real time would need an edge for each pair. Instead a chain of helper nodes, one per end, carries it: a transaction
 * leads to its end, each end to the next, and the last end before a call to the transaction that was called.
 */

import { Graph, Reason } from './graph.ts'
import type { ListTransaction } from './history.ts'
import type { KeyVersions, ListVersions } from './list-versions.ts'

/** Nodes are indexes into the history, then helpers. What failed, or may and did not show, has no edges. */
export function dependencies(history: readonly ListTransaction[], versions: ListVersions): Graph {
  const graph = new Graph(history.length)
  const happened = (i: number) => history[i]?.outcome === 'ok' || versions.shown.has(i)
  for (const [key, of] of versions.keys) addKey(graph, happened, key, of)
  addRealTime(graph, history)
  return graph
}

function addKey(
  graph: Graph,
  happened: (transaction: number) => boolean,
  key: string,
  versions: KeyVersions,
): void {
  const { order, writers, reads } = versions
  const writerAt = (position: number) => writers.get(order[position] ?? '')?.writer
  for (let position = 1; position < order.length; position++) {
    const from = writerAt(position - 1)
    const to = writerAt(position)
    if (from === undefined || to === undefined) continue
    const because = `appended ${order[position - 1]} to ${key} before ${order[position]}`
    graph.add({ from, to, reason: Reason.ww, because })
  }
  const unread = addUnread(graph, happened, key, versions)
  for (const { reader, length } of reads) {
    const writer = length > 0 ? writerAt(length - 1) : undefined
    if (writer !== undefined) {
      graph.add({
        from: writer,
        to: reader,
        reason: Reason.wr,
        because: `appended ${order[length - 1]}, read of ${key}`,
      })
    }
    // When the reader itself made the next version, that one's edges say the rest.
    const overwriter = writerAt(length)
    if (overwriter !== undefined) {
      graph.add({
        from: reader,
        to: overwriter,
        reason: Reason.rw,
        because: `read ${key} without ${order[length]}`,
      })
    } else if (length >= order.length) {
      for (const to of unread.except(reader)) {
        graph.add({ from: reader, to, reason: Reason.rw, because: `read ${key} without it` })
      }
    }
  }
}

/**
 * Appends that are committed and that no read shows come after the longest read, in an order that nobody knows.
 * `except(i)` are the nodes that lead to all of their transactions but `i`: at most two, because helpers stand for
 * each start and each end of the list of them, so that many readers and many appends need no edge for each pair.
 */
interface Unread {
  except(transaction: number): number[]
}

function addUnread(
  graph: Graph,
  happened: (transaction: number) => boolean,
  key: string,
  { order, writers }: KeyVersions,
): Unread {
  const read = new Set(order)
  const found = new Set<number>()
  for (const [element, { writer }] of writers) {
    if (!read.has(element) && happened(writer)) found.add(writer)
  }
  const unread = [...found]
  const startsUpTo = chain(graph, unread)
  const endsFrom = chain(graph, unread.toReversed()).reverse()
  const positions = new Map(unread.map((writer, i) => [writer, i]))
  const except = (transaction: number) => {
    const position = positions.get(transaction)
    const nodes = position === undefined ? [endsFrom[0]] : [startsUpTo[position - 1], endsFrom[position + 1]]
    return nodes.filter(node => node !== undefined)
  }
  const last = writers.get(order.at(-1) ?? '')?.writer
  if (last !== undefined) {
    for (const to of except(last)) {
      graph.add({
        from: last,
        to,
        reason: Reason.ww,
        because: `appended ${order.at(-1)} to ${key} before it`,
      })
    }
  }
  return { except }
}

/** The i-th helper leads to the first i + 1 of the nodes. */
function chain(graph: Graph, nodes: readonly number[]): number[] {
  const helpers: number[] = []
  for (const to of nodes) {
    const helper = graph.addHelper()
    graph.add({ from: helper, to, reason: Reason.none })
    const previous = helpers.at(-1)
    if (previous !== undefined) graph.add({ from: helper, to: previous, reason: Reason.none })
    helpers.push(helper)
  }
  return helpers
}

function addRealTime(graph: Graph, history: readonly ListTransaction[]): void {
  const ended = [...history.keys()].filter(i => history[i]?.outcome === 'ok')
  ended.sort((a, b) => returnOf(a) - returnOf(b))
  const begun = [...history.keys()].filter(i => history[i]?.outcome !== 'fail')
  begun.sort((a, b) => callOf(a) - callOf(b))
  let end = 0
  let chain: number | undefined
  for (const called of begun) {
    for (let i = ended[end]; i !== undefined && returnOf(i) < callOf(called); i = ended[++end]) {
      const helper = graph.addHelper()
      graph.add({ from: i, to: helper, reason: Reason.realTime, because: 'ended before it began' })
      if (chain !== undefined) graph.add({ from: chain, to: helper, reason: Reason.none })
      chain = helper
    }
    if (chain !== undefined) graph.add({ from: chain, to: called, reason: Reason.none })
  }

  function returnOf(i: number): number {
    return history[i]?.return ?? Infinity
  }
  function callOf(i: number): number {
    return history[i]?.call ?? 0
  }
}
