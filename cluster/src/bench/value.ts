/** What a bench found that is no rate: times and sizes, where less is better. */
import { colour, table } from '../cli/output.ts'

export interface Value {
  /** What was measured: `write after a kill, p99`. */
  readonly what: string
  readonly ours: number
  readonly unit: 'ms' | 's' | 'MB'
  /** Absent: there is none for this line, or it is not installed. */
  readonly peer?: { readonly name: string; readonly value: number }
  /** What it is to be at most. */
  readonly goal?: number
}

/** Undefined: there is no goal. */
export function meetsGoal({ ours, goal }: Value): boolean | undefined {
  return goal === undefined ? undefined : ours <= goal
}

/** How many times the peer's. */
export function timesPeer({ ours, peer }: Value): number | undefined {
  return peer === undefined ? undefined : ours / peer.value
}

export function valueTable(values: readonly Value[]): string {
  return table(values, [
    { title: '', value: value => value.what },
    { title: 'ours', right: true, value: value => sized(value.ours, value.unit) },
    { title: 'peer', right: true, value: value => value.peer && sized(value.peer.value, value.unit) },
    { title: 'ratio', right: true, value: value => timesPeer(value)?.toFixed(2) },
    { title: 'goal', value: goalText },
    { title: 'peer', value: value => value.peer?.name },
  ])
}

/** `740 ms`, `4.21 s`, `298 MB`. */
export function sized(value: number, unit: Value['unit']): string {
  return `${unit === 's' ? value.toFixed(2) : Math.round(value).toLocaleString('en-US')} ${unit}`
}

function goalText(value: Value): string | undefined {
  if (value.goal === undefined) return undefined
  const verdict = meetsGoal(value) ? colour.green('met') : colour.red('missed')
  return `≤ ${value.goal} ${value.unit} ${verdict}`
}

/** The value below which a share of all lies; of few values the largest ones stand for the last percents. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  if (found === undefined) throw new Error('no values, no percentile')
  return found
}
