/** Small files that a start depends on: after a loss of power there is the old content, or the new one, never none. */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Only for this user to read. Durable when it returns. */
export function writeDurably(path: string, text: string): void {
  renameSync(draft(path, text), path)
  sync(dirname(path))
}

/** The same for a file that must not be there yet; throws `EEXIST` when it is. */
export function createDurably(path: string, text: string): void {
  const written = draft(path, text)
  try {
    linkSync(written, path)
  } finally {
    rmSync(written)
  }
  sync(dirname(path))
}

/** The content first: a name that is durable before what it stands for leads to an empty file. */
function draft(path: string, text: string): string {
  const written = `${path}.${process.pid}`
  writeFileSync(written, text, { mode: 0o600, flush: true })
  return written
}

function sync(folder: string): void {
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
