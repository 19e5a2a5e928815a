/** Folders that a command means without saying which. */
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where relative paths start: where the user stands, though `pnpm cluster` runs scripts in the workspace's folder. */
export function userFolder(): string {
  const { npm_lifecycle_event: script, INIT_CWD: stood } = process.env
  return script === 'cluster' && stood !== undefined ? stood : process.cwd()
}

const project = fileURLToPath(new URL('../../..', import.meta.url))

/** The nearest `.synod`, from `from` upward, else that of the project: the same cluster from every folder of it. */
export function usualData(from: string, root: string = project): string {
  for (let at = from; ; at = dirname(at)) {
    const data = join(at, '.synod')
    if (statSync(data, { throwIfNoEntry: false })?.isDirectory() === true) return data
    if (at === dirname(at)) return join(root, '.synod')
  }
}

/** For the help of `--data`. */
export const dataHelp = `data folder, relative to where you stand (default: the nearest .synod upward, else that of the project's root)`
