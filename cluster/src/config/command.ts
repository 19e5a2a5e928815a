/** How this command line is called, for hints that can be copied: who started it by `npx` may have no `pnpm`. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

interface Environment {
  readonly npm_execpath?: string | undefined
  readonly PATH?: string | undefined
}

const npxCache = /[\\/]_npx[\\/]/

export function commandIn(
  { npm_execpath = '', PATH = '' }: Environment,
  exists: (path: string) => boolean = existsSync,
): string {
  // What npx brought along is on the PATH only as long as npx runs.
  const folders = PATH.split(delimiter).filter(folder => folder !== '' && !npxCache.test(folder))
  const installed = folders.some(folder => ['pnpm', 'pnpm.cmd'].some(name => exists(join(folder, name))))
  return npxCache.test(npm_execpath) || !installed ? 'npx -y pnpm cluster' : 'pnpm cluster'
}

/** `pnpm cluster`, or `npx -y pnpm cluster`. */
export const clusterCommand: string = commandIn(process.env)
