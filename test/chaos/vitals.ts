/** What a process holds: memory and descriptors, as the kernel counts them. */
import { readdirSync, readFileSync } from 'node:fs'

export interface Vitals {
  readonly pid: number
  readonly residentMiB: number
  readonly descriptors: number
}

/** Throws when the process is gone. */
export function vitals(pid: number): Vitals {
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return {
    pid,
    residentMiB: Math.round(Number(resident) / 1_024),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  }
}
