/** What keeps a process from starting, said so that a user can act on it. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname, resolve } from 'node:path'
import { joinEndpoint } from '../config/config.ts'
import { portHolder } from './port-holder.ts'

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

function codeOf(error: unknown): string {
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

/** Throws `Failure` when the folder cannot be made or written. */
export function writableFolder(path: string): void {
  try {
    makeFolder(resolve(path))
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    const code = codeOf(error)
    const why =
      code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'this user may not write there'
        : code === 'ENOTDIR' || code === 'EEXIST'
          ? 'a file is in the way'
          : error instanceof Error
            ? error.message
            : String(error)
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

/** Throws `Failure`; a taken port is explained with the process that holds it. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(new Failure(explainListen(error, host, port)))
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

export function explainListen(error: Error, host: string, port: number): string {
  const at = joinEndpoint(host, port)
  switch (codeOf(error)) {
    case 'EADDRINUSE': {
      const holder = portHolder(port)
      const who = holder === undefined ? 'by another process' : `by process ${holder.pid}: ${holder.command}`
      return `port ${port} is taken ${who}; stop it, or choose another with --port`
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `cannot listen on ${at}: this machine has no address ${host}`
    case 'EACCES':
      return `cannot listen on ${at}: this user may not use port ${port}; choose one above 1023 with --port`
    default:
      return `cannot listen on ${at}: ${error.message}`
  }
}
