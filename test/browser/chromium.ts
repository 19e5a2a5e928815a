/** The browser of the browser tests: the system's Chromium, installed from Debian when this is root on Debian. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram, isExecutable } from '../programs.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Path of the first Chromium found, in `CHROMIUM` or on PATH; undefined when there is none. */
export function findChromium(): string | undefined {
  return findProgram(names, 'CHROMIUM')
}

/** Throws with the command that would help when there is no Chromium and none can be installed. */
export async function ensureChromium(): Promise<string> {
  const found = findChromium()
  if (found !== undefined) return found
  if (process.platform === 'linux' && process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get')) {
    console.log('no Chromium found: installing the chromium package')
    const apt = (...args: string[]) =>
      promisify(execFile)('/usr/bin/apt-get', args, { maxBuffer: 64 * 1024 * 1024 })
    await apt('update')
    await apt('install', '-y', '--no-install-recommends', 'chromium')
  }
  const installed = findChromium()
  if (installed !== undefined) return installed
  throw new Error(
    'the browser tests need Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM to its path',
  )
}
