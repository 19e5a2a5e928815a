/** A process named so that a reused pid is not taken for it: the pid and when it began. */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessId {
  readonly pid: number
  /** Clock ticks since boot; empty where `/proc` is missing, and then the pid alone must do. */
  readonly began: string
}

export function processId(pid: number): ProcessId {
  return { pid, began: beganOf(pid) }
}

/** Where a node does not run, its entry has the pid 0, which to the system means the whole group of who asks. */
export function isAlive({ pid, began }: ProcessId): boolean {
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Not permitted means that it exists, and belongs to somebody else: then it is not ours unless it began then.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return beganOf(pid) === began && !isOver(pid)
}

/** Signals the process unless it is gone. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return
  try {
    process.kill(id.pid, name)
  } catch (error) {
    // It may have ended in between.
    if (isAlive(id)) throw error
  }
}

/** The fields after the command, which may itself hold spaces and brackets: state first, start time the 20th. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
const beganOf = (pid: number) => statOf(pid)[19] ?? ''

/**
 * Dead, and waited for by nobody yet. A killed process is a zombie as soon as its first thread has ended; the others
 * still hold its ports and files until they have ended, too.
 */
function isOver(pid: number): boolean {
  return statOf(pid)[0] === 'Z' && threadsOf(pid) <= 1
}

function threadsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length
  } catch {
    return 0
  }
}

/** Whether all are gone within the time. */
export async function allGone(ids: readonly ProcessId[], withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (ids.some(isAlive)) {
    if (performance.now() > deadline) return false
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return true
}
