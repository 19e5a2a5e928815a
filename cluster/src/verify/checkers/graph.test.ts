import { expect, it } from 'vitest'
import { Graph, Reason } from './graph.ts'

it('[SR7] helper nodes do not make a path longer', () => {
  const graph = new Graph(3)
  const helpers = [graph.addHelper(), graph.addHelper(), graph.addHelper()]
  const chain = [0, ...helpers, 1]
  for (const [i, to] of chain.slice(1).entries()) graph.add({ from: chain[i] ?? 0, to, reason: Reason.none })
  graph.add({ from: 0, to: 2, reason: Reason.ww })
  graph.add({ from: 2, to: 1, reason: Reason.ww })
  graph.add({ from: 1, to: 0, reason: Reason.ww })
  const all = new Set(graph.edges.keys())
  const everything = Reason.ww | Reason.none
  expect(graph.shortestPath(0, 1, everything, all)?.map(edge => edge.to)).toEqual([...helpers, 1])
  expect(graph.shortestPath(0, 1, Reason.ww, all)?.map(edge => edge.to)).toEqual([2, 1])
  expect(graph.shortestPath(0, 0, Reason.ww, all)).toHaveLength(3)
  expect(graph.shortestPath(0, 0, Reason.ww, all, 2)).toBeUndefined()
})

it('[SR5] cyclic parts are those of the asked edges, and no node is a part alone', () => {
  const graph = new Graph(5)
  for (const [from, to] of [
    [0, 1],
    [1, 2],
    [2, 0],
    [2, 3],
    [3, 4],
  ] as const)
    graph.add({ from, to, reason: Reason.ww })
  graph.add({ from: 4, to: 3, reason: Reason.rw })
  const parts = (reasons: number) =>
    graph
      .cyclicParts(reasons)
      .map(part => part.toSorted())
      .toSorted()
  expect(parts(Reason.ww)).toEqual([[0, 1, 2]])
  expect(parts(Reason.ww | Reason.rw)).toEqual([
    [0, 1, 2],
    [3, 4],
  ])
  expect(parts(Reason.wr)).toEqual([])
})

it('[SR5] a chain longer than the machine stack is no trouble', () => {
  const graph = new Graph(200_000)
  for (let i = 0; i < 200_000; i++) graph.add({ from: i, to: (i + 1) % 200_000, reason: Reason.ww })
  expect(graph.cyclicParts(Reason.ww)).toHaveLength(1)
})
