/**
 * Gives the write-ahead log its space beforehand. A commit that makes the file longer must also write the file system's
 * own journal, and takes about twice as long; one that writes where there was something before does not. SQLite
 * overwrites the log from its start after each checkpoint, so this is a matter of the first megabytes only: those of a
 * node that has just started, when it has most to catch up with.
 */
import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs'

const chunk = Buffer.alloc(1 << 20)

/**
 * Zeros behind the end of the log, which SQLite takes for frames that were never written. `file` is the store's, open,
 * in WAL mode. SQLite holds its locks on the store itself, so that opening and closing the log beside it loses none.
 */
export function reserveWal(file: string, bytes: number): void {
  const descriptor = openSync(`${file}-wal`, 'r+')
  try {
    let size = fstatSync(descriptor).size
    if (size >= bytes) return
    while (size < bytes) size += writeSync(descriptor, chunk, 0, Math.min(chunk.length, bytes - size), size)
    fsyncSync(descriptor)
  } catch (error) {
    // The store works without; that the disk is full is told by the first commit that needs what is not there.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(descriptor)
  }
}
