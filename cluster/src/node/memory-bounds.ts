/**
 * What bounds a node's memory from its beginning: a flag for V8, and the environment of glibc.
 *
 * V8 would let each half of the young generation grow to 64 MB under load and keep it: a quarter of a node's memory
 * after 300,000 rows were loaded. Both read what they are told only when a process begins, so that whoever starts a
 * node tells them, and a node that was started without it begins again.
 */
const flag = '--max-semi-space-size'

/** For the command line of a node; megabytes for each half. */
export const nodeFlags: readonly string[] = [`${flag}=32`]

/**
 * glibc: buffers from this size on are mapped by themselves and given back when they are freed, and what is free at
 * the end of the heap from the other one on. By itself it would change both as it goes. Smaller ones save 20 MB of a
 * node after 300,000 rows, and cost dearly where frames are as large: with 128 KB a put of 2,048 callers took 250 to
 * 680 µs in the kernel instead of 10.
 */
const largeBufferBytes = 4 << 20
const largeRestBytes = 32 << 20

/** For the environment of a node, where its user says nothing else. */
export const nodeEnvironment: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: String(largeBufferBytes),
  MALLOC_TRIM_THRESHOLD_: String(largeRestBytes),
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
