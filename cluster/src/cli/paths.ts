/** Folders that a command means without saying which. */
import { statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where relative paths start: where the user stands, though `pnpm cluster` runs scripts in the workspace's folder. */
export function userFolder(): string {
  const { npm_lifecycle_event: script, INIT_CWD: stood } = process.env
  return script === 'cluster' && stood !== undefined ? stood : process.cwd()
}

const project = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * The `.synod` where the user stands, or the nearest one upward within the project, else that of the project: the
 * same cluster from every folder of it, and none that lies by chance above it.
 */
export function usualData(from: string, root: string = project): string {
  const isInside = !relative(root, from).startsWith('..')
  for (let at = from; ; at = dirname(at)) {
    const data = join(at, '.synod')
    if (statSync(data, { throwIfNoEntry: false })?.isDirectory() === true) return data
    if (!isInside || relative(root, at) === '') return join(root, '.synod')
  }
}

/** For the help of `--data`. */
export const dataHelp = `data folder, relative to where you stand (default: .synod here, or in the nearest folder of the project upward)`
