/**
 * The load generator on a processor of its own. Clients are on other machines: what they spend on asking for five times
 * too much must not be taken from the nodes that are asked. Both the peak and what is beyond it are measured so.
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Returns what was done, in words. Needs Linux and two processors. */
export function apart(nodes: readonly number[]): string {
  const last = availableParallelism() - 1
  if (process.platform !== 'linux' || last === 0) return 'clients and nodes share the processors'
  for (const pid of nodes) keepOn(pid, `0-${last - 1}`)
  keepOn(process.pid, String(last))
  return `nodes on processors 0-${last - 1}, clients on ${last}`
}

/** With all its threads. */
function keepOn(pid: number, processors: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', processors, String(pid)])
}
