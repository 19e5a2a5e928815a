/**
 * What bounds a node's memory from its beginning: a flag for V8, and the environment of glibc.
 *
 * V8 would let each half of the young generation grow to 64 MB under load and keep it: a quarter of a node's memory
 * after 300,000 rows were loaded. Both read what they are told only when a process begins, so that whoever starts a node
 * tells them, and a node that was started without it begins again.
 */
const flag = '--max-semi-space-size'

/** For the command line of a node; megabytes for each half. */
export const nodeFlags: readonly string[] = [`${flag}=32`]

/**
 * glibc: buffers from this size on are given back to the system when they are freed. Otherwise the threshold grows with
 * them, and what batches left behind between other things stays: 30 MB of a node after 300,000 rows.
 */
const largeBufferBytes = 128 * 1024

/** For the environment of a node, where its user says nothing else. */
export const nodeEnvironment: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: String(largeBufferBytes),
  MALLOC_TRIM_THRESHOLD_: String(largeBufferBytes),
  NODE_ENV: 'production',
}

/**
 * The same process, by its id, its terminal and its signals, from its beginning with the flags and the environment of a
 * node. Returns when it has the flags, when its user has chosen others, or where a system has no `execve`.
 */
export function beginWithNodeFlags(): void {
  const chosen = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-')
  if (chosen.includes(flag) || process.execve === undefined || process.platform === 'win32') return
  const args = [process.execPath, ...process.execArgv, ...nodeFlags, ...process.argv.slice(1)]
  process.execve(process.execPath, args, { ...nodeEnvironment, ...process.env })
}
