/** Programs of the system that tests need: found on PATH, or where a variable says. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Path of the first that is there; undefined when none is. */
export function findProgram(names: readonly string[], variable: string): string | undefined {
  // Where Debian keeps servers is not on everybody's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  const candidates = names.flatMap(name => folders.map(folder => join(folder, name)))
  return [process.env[variable] ?? '', ...candidates].find(path => path !== '' && isExecutable(path))
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
