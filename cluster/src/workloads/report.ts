/** What a run of a workload is summed up to: for people, and as JSON in the data folder's `reports/`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Finding } from '../verify/finding.ts'
import type { Pace, Stretch, Totals } from './drive.ts'

export interface Report {
  readonly workload: string
  readonly unit: string
  readonly at: string
  readonly nodes: number
  readonly pace: Pace
  readonly seconds: number
  readonly ended: Totals['ended']
  readonly missed: number
  /** `ok` steps a second. */
  readonly rate: number
  readonly outcomes: Totals['outcomes']
  readonly reasons: Totals['reasons']
  readonly latencyMs: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999' | 'max' | 'mean', number>>
  readonly series: readonly Stretch[]
  readonly findings: readonly Finding[]
  readonly machine: { readonly cores: number; readonly node: string }
}

export function reportOf(
  run: { readonly workload: string; readonly unit: string; readonly nodes: number; readonly pace: Pace },
  totals: Totals,
  findings: readonly Finding[],
): Report {
  const { latency, seconds, outcomes, reasons, series, ended, missed } = totals
  const ms = (share: number) => latency.percentile(share) / 1_000
  return {
    ...run,
    at: new Date().toISOString(),
    seconds: Math.round(seconds * 1_000) / 1_000,
    ended,
    missed,
    rate: seconds > 0 ? Math.round(outcomes.ok / seconds) : 0,
    outcomes,
    reasons,
    latencyMs: {
      p50: ms(0.5),
      p90: ms(0.9),
      p99: ms(0.99),
      p999: ms(0.999),
      max: latency.max / 1_000,
      mean: Math.round(latency.mean) / 1_000,
    },
    series,
    findings,
    machine: { cores: cpus().length, node: process.version },
  }
}

/** Returns the file's path. */
export function saveReport(data: string, report: Report): string {
  const folder = join(data, 'reports')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `load-${report.workload}-${report.at.replace(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  return file
}

export function stretchLine({ second, outcomes, p50Ms, p99Ms }: Stretch, unit: string): string {
  const others = (['refused', 'unavailable', 'unknown'] as const)
    .filter(name => outcomes[name] > 0)
    .map(name => `  ${outcomes[name]} ${name}`)
  return `${String(second).padStart(4)} s  ${String(outcomes.ok).padStart(6)} ${unit}/s  p50 ${p50Ms.toFixed(1)} ms  p99 ${p99Ms.toFixed(1)} ms${others.join('')}`
}

export function summaryLines(report: Report): string[] {
  const { latencyMs, outcomes, reasons, pace } = report
  const others = Object.entries(reasons).sort(([, left], [, right]) => right - left)
  return [
    `${report.workload}: ${report.rate} ${report.unit}/s (${outcomes.ok} in ${report.seconds.toFixed(1)} s, ${pace.users} users${pace.rate === undefined ? '' : `, ${pace.rate}/s wanted`}; ${endings[report.ended]})`,
    `latency   p50 ${latencyMs.p50.toFixed(1)}  p90 ${latencyMs.p90.toFixed(1)}  p99 ${latencyMs.p99.toFixed(1)}  p99.9 ${latencyMs.p999.toFixed(1)}  max ${latencyMs.max.toFixed(1)} ms`,
    `outcomes  ${(['ok', 'refused', 'unavailable', 'unknown'] as const).map(name => `${outcomes[name]} ${name}`).join(', ')}`,
    ...(report.missed > 0
      ? [`missed    ${report.missed} were due and never begun: more --users, or less`]
      : []),
    `reasons   ${others.map(([reason, count]) => `${count} ${reason}`).join(', ')}`,
  ]
}

const endings: Record<Totals['ended'], string> = {
  time: 'time is up',
  'nothing left': 'nothing left to do: give more --orders',
  stopped: 'stopped',
}
