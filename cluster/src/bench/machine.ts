/** What a figure was measured on; without it no figure says anything. */
import { availableParallelism, cpus, loadavg } from 'node:os'

export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly node: string
  /** Of the last minute, before the bench began: what else wanted the cores. */
  readonly load: number
}

export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown processor',
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  }
}

export function describeMachine({ cores, cpu, node, load }: Machine): string {
  const busy = load > 1 ? `; others were busy here (load ${load}), so trust ratios only` : ''
  return `${cores} cores, ${cpu}, Node ${node}${busy}`
}
