/** Memory of processes when they have come to rest. */
import { readFileSync } from 'node:fs'

/** Bytes in memory (`VmRSS`); Linux only, undefined elsewhere and of a process that is gone. */
export function residentBytes(pid: number): number | undefined {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    return line === null ? undefined : Number(line[1]) * 1_024
  } catch {
    return undefined
  }
}

/** Between the first and the last of these is no more than a hundredth. */
export function isSettled(totals: readonly number[], many: number): boolean {
  if (totals.length < many) return false
  const last = totals.slice(-many)
  return Math.max(...last) - Math.min(...last) <= 0.01 * Math.max(...last)
}

/** Twenty seconds of looks, one second apart, within which nothing changes: a node gives memory back that late. */
const looks = 21
const everyMs = 1_000

export async function settledResident(pids: readonly number[], withinMs: number): Promise<number[]> {
  const until = performance.now() + withinMs
  const totals: number[] = []
  for (;;) {
    const now = pids.flatMap(pid => residentBytes(pid) ?? [])
    if (now.length < pids.length) throw new Error('the memory of a process cannot be read here')
    totals.push(now.reduce((sum, bytes) => sum + bytes, 0))
    if (isSettled(totals, looks) || performance.now() > until) return now
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
