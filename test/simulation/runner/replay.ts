/** Runs one seed here, and writes its whole history when asked: every event, message and commit, a line each. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { decode } from '@synod/runtime/protocol'
import { type Outcome, runSeed, type Task } from './one-seed.ts'

/** Lines are gathered up to about this length before they are written. */
const gatheredLength = 1 << 20

export function replay(task: Task, file: string | undefined): Outcome {
  if (file === undefined) return runSeed(task)
  const handle = openSync(file, 'w')
  let gathered = ''
  const write = () => {
    writeSync(handle, gathered)
    gathered = ''
  }
  const outcome = runSeed(task, line => {
    gathered += `${JSON.stringify(line, readable)}\n`
    if (gathered.length >= gatheredLength) write()
  })
  write()
  closeSync(handle)
  return outcome
}

/** Encoded bytes are shown as what they encode. */
function readable(this: Readonly<Record<string, unknown>>, key: string, plain: unknown): unknown {
  // A Buffer has been turned into JSON already.
  const value = this[key]
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Map || value instanceof Set) return [...value]
  return value instanceof Uint8Array ? decode(value) : plain
}
