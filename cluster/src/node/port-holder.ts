/** Who holds a port: a taken port is explained with the process that has it. Linux only; elsewhere nothing is known. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Holder {
  readonly pid: number
  readonly command: string
}

/** Undefined when the port is free, the holder belongs to another user, or this is not Linux. */
export function portHolder(port: number, proc = '/proc'): Holder | undefined {
  const inodes = listeningInodes(port, proc)
  if (inodes.size === 0) return undefined
  for (const pid of entries(proc)) {
    if (!/^\d+$/.test(pid)) continue
    if (entries(`${proc}/${pid}/fd`).some(fd => inodes.has(linkOf(`${proc}/${pid}/fd/${fd}`)))) {
      return { pid: Number(pid), command: commandOf(Number(pid), proc) }
    }
  }
  return undefined
}

/** The command line of a process, its arguments joined by spaces; empty when it is gone. */
export function commandOf(pid: number, proc = '/proc'): string {
  return read(`${proc}/${pid}/cmdline`).split('\0').join(' ').trim()
}

const listening = '0A'
/** `sl local_address rem_address st …(5 columns) inode`; the local port is in hexadecimal. */
function listeningInodes(port: number, proc: string): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set<string>()
  for (const table of ['tcp', 'tcp6']) {
    for (const line of read(`${proc}/net/${table}`).split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/)
      if (columns[3] === listening && columns[1]?.split(':')[1] === wanted)
        inodes.add(`socket:[${columns[9]}]`)
    }
  }
  return inodes
}

// Processes come and go, and others' may not be looked into: what cannot be read is not there for us.
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
function entries(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
