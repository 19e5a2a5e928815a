/**
 * The bound on a node's young generation. V8 would let each half of it grow to 64 MB under load and keep it: a quarter
 * of a node's memory after 300,000 rows were loaded. It is fixed when a process begins (flags set later change nothing),
 * so that whoever starts a node passes it on the command line, and a node that was started without it begins again.
 */
const flag = '--max-semi-space-size'

/** For the command line of a node; megabytes for each half. */
export const nodeFlags: readonly string[] = [`${flag}=32`]

/**
 * The same process, by its id, its terminal and its signals, from its beginning with the flags of a node; returns when it
 * has them, when its user has chosen otherwise, or where a system has no `execve`.
 */
export function beginWithNodeFlags(): void {
  const chosen = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-')
  if (chosen.includes(flag) || process.execve === undefined || process.platform === 'win32') return
  const args = [process.execPath, ...process.execArgv, ...nodeFlags, ...process.argv.slice(1)]
  process.execve(process.execPath, args, process.env)
}
