/** What keeps a process from starting, said so that a user can act on it. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

export const exitCode = { fine: 0, failed: 1, usage: 2, fatal: 70 } as const

/** Ends a command with its message alone: no stack, as the user can mend it. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: number
  constructor(message: string, code: number = exitCode.failed) {
    super(message)
    this.exitCode = code
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const whyNot: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not do that there',
  EPERM: 'this user may not do that there',
  EROFS: 'that file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a file is in the way',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many files are open',
}

/** What the system said of a file, for a user who can mend it; undefined when the error is of another kind. */
export function systemProblem(error: unknown): string | undefined {
  const why = whyNot[codeOf(error)]
  if (why === undefined || !(error instanceof Error && 'path' in error)) return undefined
  return `${String(error.path)}: ${why}`
}

const whyNoFolder: Readonly<Record<string, string>> = {
  ...whyNot,
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'this user may not write there',
  EEXIST: 'a file is in the way',
  // What is above is there: such a file system (`/proc`) has no folders but its own.
  ENOENT: 'no folder can be made there',
}

/** Throws `Failure` when the folder cannot be made or written. */
export function writableFolder(path: string): void {
  try {
    makeFolder(resolve(path))
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    const why = whyNoFolder[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
    throw new Failure(`cannot use the data folder ${path}: ${why}; choose another with --data`)
  }
}

/** Step by step: where folders cannot be made (`/proc`), Node's recursive `mkdir` never returns. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const above = dirname(path)
  if (above !== path) makeFolder(above)
  mkdirSync(path)
}
