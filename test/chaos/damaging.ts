/** Hands that damage the files of a node that is down, without knowing what is where in them. */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { oneOf } from './stage.ts'

const pageBytes = 4_096

/** Says what it did. The log is there only where the node was killed; it is mostly space that was never written. */
export function damageFiles(folder: string): string {
  const database = join(folder, 'node.db')
  const log = join(folder, 'node.db-wal')
  const used = existsSync(log) ? usedBytes(log) : 0
  const size = usedBytes(database)
  const kinds: (() => string)[] = [
    () => flip(database, size, oneOf([1, 1, 8, 64])),
    () => blank(database, size),
    () => truncate(database, size),
  ]
  if (used > 0) {
    kinds.push(
      () => flip(log, used, oneOf([1, 1, 8, 64])),
      () => blank(log, used),
      () => truncate(log, used),
      () => remove(log),
    )
  }
  return oneOf(kinds)()
}

function flip(file: string, size: number, count: number): string {
  const places = Array.from({ length: count }, () => below(size))
  change(file, descriptor => {
    const byte = Buffer.alloc(1)
    for (const place of places) {
      readSync(descriptor, byte, 0, 1, place)
      byte[0] = (byte[0] ?? 0) ^ (1 << below(8))
      writeSync(descriptor, byte, 0, 1, place)
    }
  })
  return `${count} of the bits of ${file} flipped, the first in byte ${places[0]} of ${size}`
}

/** As a sector that was remapped, or a page that never reached the disk. */
function blank(file: string, size: number): string {
  const place = below(Math.ceil(size / pageBytes)) * pageBytes
  change(file, descriptor => writeSync(descriptor, Buffer.alloc(pageBytes), 0, pageBytes, place))
  return `${file} zeroed from byte ${place} of ${size}`
}

function truncate(file: string, size: number): string {
  const length = below(size)
  truncateSync(file, length)
  return `${file} cut to ${length} of ${size} bytes`
}

function remove(file: string): string {
  rmSync(file)
  return `${file} removed`
}

function change(file: string, work: (descriptor: number) => void): void {
  const descriptor = openSync(file, 'r+')
  try {
    work(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Up to the last byte that is not zero. */
function usedBytes(file: string): number {
  const descriptor = openSync(file, 'r')
  try {
    const chunk = Buffer.alloc(1 << 20)
    for (let end = fstatSync(descriptor).size; end > 0; end -= chunk.length) {
      const from = Math.max(0, end - chunk.length)
      const length = readSync(descriptor, chunk, 0, end - from, from)
      for (let at = length - 1; at >= 0; at--) if (chunk[at] !== 0) return from + at + 1
    }
    return 0
  } finally {
    closeSync(descriptor)
  }
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}
