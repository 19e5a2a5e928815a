/** What a bench found: rates of ours beside rates of a peer or limit from the same run. */
import { colour, print, table } from '../cli/output.ts'
import { describeMachine, type Machine } from './machine.ts'
import { meetsGoal, type Value, valueTable } from './value.ts'

export interface Measured {
  /** Per second. */
  readonly rate: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** Processor time of the servers, and of whoever loads them, for one operation. */
  readonly serverCpuUs?: number | undefined
  readonly loadCpuUs?: number | undefined
}

export interface Figure {
  /** What was done: `64 callers`. */
  readonly what: string
  readonly ours: Measured
  /** Absent: the peer is not installed, or this line has none. */
  readonly peer?: Measured & { readonly name: string }
  readonly floor?: Floor
}

/** Either a rate, or a multiple of the peer's. */
export type Floor = { readonly rate: number } | { readonly ratio: number }

export interface BenchReport {
  readonly bench: string
  readonly title: string
  readonly figures: readonly Figure[]
  /** Times and sizes. */
  readonly values?: readonly Value[]
  /** What was left out, and what brings it; how to read the figures. */
  readonly notes: readonly string[]
}

export function ratio(figure: Figure): number | undefined {
  return figure.peer === undefined ? undefined : figure.ours.rate / figure.peer.rate
}

/** Undefined: there is no floor, or no peer to hold it against. */
export function meetsFloor(figure: Figure): boolean | undefined {
  const { floor, ours } = figure
  if (floor === undefined) return undefined
  if ('rate' in floor) return ours.rate >= floor.rate
  const found = ratio(figure)
  return found === undefined ? undefined : found >= floor.ratio
}

/** Whether a floor or a goal is missed. */
export function misses({ figures, values = [] }: BenchReport): boolean {
  return figures.some(figure => meetsFloor(figure) === false) || values.some(one => meetsGoal(one) === false)
}

export function printReport(report: BenchReport, machine: Machine): void {
  const { figures, values = [], notes } = report
  print(colour.bold(`${report.bench}: ${report.title}`))
  print(describeMachine(machine))
  if (figures.length > 0) print(figureTable(figures))
  if (values.length > 0) print(valueTable(values))
  for (const note of notes) print(`  ${note}`)
  print('')
}

function figureTable(figures: readonly Figure[]): string {
  const timed = figures.some(figure => figure.ours.p50Ms !== undefined)
  const times = timed
    ? [
        { title: 'p50 / p99 ms', right: true as const, value: (figure: Figure) => timesOf(figure.ours) },
        { title: 'peer p50 / p99', right: true as const, value: (figure: Figure) => timesOf(figure.peer) },
      ]
    : []
  const costs = figures.some(figure => figure.ours.serverCpuUs !== undefined)
    ? [
        { title: 'µs CPU +load', right: true as const, value: (figure: Figure) => costOf(figure.ours) },
        { title: 'peer', right: true as const, value: (figure: Figure) => costOf(figure.peer) },
      ]
    : []
  return table(figures, [
    { title: '', value: figure => figure.what },
    { title: 'ours /s', right: true, value: figure => count(figure.ours.rate) },
    { title: 'peer /s', right: true, value: figure => figure.peer && count(figure.peer.rate) },
    { title: 'ratio', right: true, value: figure => ratio(figure)?.toFixed(2) },
    ...times,
    ...costs,
    { title: 'floor', value: floorText },
    { title: 'peer', value: figure => figure.peer?.name },
  ])
}

function timesOf(measured: Measured | undefined): string | undefined {
  if (measured?.p50Ms === undefined || measured.p99Ms === undefined) return undefined
  return `${milliseconds(measured.p50Ms)} / ${milliseconds(measured.p99Ms)}`
}

function costOf(measured: Measured | undefined): string | undefined {
  if (measured?.serverCpuUs === undefined) return undefined
  return `${measured.serverCpuUs.toFixed(0)} + ${(measured.loadCpuUs ?? 0).toFixed(0)}`
}

function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms.toFixed(0)
}

function floorText(figure: Figure): string | undefined {
  if (figure.floor === undefined) return undefined
  const text = 'rate' in figure.floor ? `${count(figure.floor.rate)}/s` : `${figure.floor.ratio} × peer`
  const met = meetsFloor(figure)
  return met === undefined
    ? `${text} (no peer)`
    : `${text} ${met ? colour.green('met') : colour.red('missed')}`
}

/** `9,412` or `1.76 M`. */
export function count(rate: number): string {
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(2)} M` : Math.round(rate).toLocaleString('en-US')
}
