/** What the points of the scaling bench say together. */
import type { Figure, Measured } from './figure.ts'

export type Curve = 'nodes' | 'shards' | 'groups'

export interface Layout {
  readonly curve: Curve
  readonly name: string
  readonly nodes: number
  readonly config: Readonly<Record<string, unknown>>
}

export interface Loads {
  readonly putFew: Measured
  readonly putMany: Measured
  readonly checkout: Measured
  readonly callers: { readonly few: number; readonly many: number }
}

export type Point = Layout & Loads

/** Each point beside the first of its curve. */
export function scalingFigures(points: readonly Point[]): Figure[] {
  return points.flatMap(point => {
    const base = baseOf(points, point)
    return loadsOf(point).map(([load, ours], at): Figure => {
      const beside = base === undefined ? undefined : loadsOf(base)[at]?.[1]
      const peer = base && beside && { peer: { name: base.name, ...beside } }
      return { what: `${load}, ${point.name}`, ours, ...peer }
    })
  })
}

function baseOf(points: readonly Point[], point: Point): Point | undefined {
  const first = points.find(one => one.curve === point.curve)
  return first === point ? undefined : first
}

function loadsOf({ putFew, putMany, checkout, callers }: Point): (readonly [string, Measured])[] {
  return [
    [`put ${callers.few}`, putFew],
    [`put ${callers.many}`, putMany],
    ['checkout', checkout],
  ]
}

/**
 * How many times as much the second could do as the first, if each node had a machine of its own: it has so many times
 * the cores, and an operation takes so many times the processor time. Undefined where that is not known.
 */
export function growth(from: Cost, to: Cost): number | undefined {
  if (from.cpuUs === undefined || to.cpuUs === undefined) return undefined
  return (to.nodes / from.nodes) * (from.cpuUs / to.cpuUs)
}

interface Cost {
  readonly nodes: number
  readonly cpuUs: number | undefined
}

export function whatItSays(points: readonly Point[]): string[] {
  return points.flatMap(point => {
    const base = baseOf(points, point)
    return base === undefined ? [] : [sentence(base, point)]
  })
}

function sentence(base: Point, point: Point): string {
  const costs = loadsOf(point).map(([load, to], at) => {
    const from = loadsOf(base)[at]?.[1]
    return { load, from: from?.serverCpuUs, to: to.serverCpuUs }
  })
  const times = costs.map(({ load, from, to }) => `${load} ${inTimes(from && to && to / from)}`).join(', ')
  const said = `${point.name} beside ${base.name}, processor time of one: ${times}`
  if (point.nodes === base.nodes) return said
  const grown = costs.map(({ load, from, to }) => {
    const times_ = growth({ nodes: base.nodes, cpuUs: from }, { nodes: point.nodes, cpuUs: to })
    return `${load} ${inTimes(times_)}`
  })
  return `${said}; with a machine for each node they could do: ${grown.join(', ')}`
}

function inTimes(times: number | undefined): string {
  return times === undefined ? 'unknown' : `× ${times.toFixed(2)}`
}
