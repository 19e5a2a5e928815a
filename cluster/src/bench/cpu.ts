/**
 * Processor time of processes. It says what an operation costs also while others want the cores, when a rate says
 * mostly who was scheduled. Linux only: elsewhere there is no figure.
 */
import { readFileSync } from 'node:fs'

/** The unit of `/proc/<pid>/stat` on every Linux of today. */
const ticksPerSecond = 100

/** User and system seconds of these processes together since they began; undefined where that cannot be read. */
export function cpuSeconds(pids: readonly number[]): number | undefined {
  let ticks = 0
  for (const pid of pids) {
    const own = ticksOf(pid)
    if (own === undefined) return undefined
    ticks += own
  }
  return ticks / ticksPerSecond
}

function ticksOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Behind the name, which is in brackets and may hold anything: user and system time are the fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return undefined
  }
}
