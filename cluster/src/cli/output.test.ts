import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { canRewrite, wantsColour } from './output.ts'

test.each([
  [true, { TERM: 'xterm' }, true],
  [true, {}, true],
  [true, { TERM: 'xterm', NO_COLOR: '' }, true],
  [true, { TERM: 'xterm', NO_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
  [false, { TERM: 'xterm' }, false],
  [false, { FORCE_COLOR: '' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: 'true', NO_COLOR: '1', TERM: 'dumb' }, true],
  [true, { TERM: 'xterm', FORCE_COLOR: '0' }, false],
  [true, { TERM: 'xterm', FORCE_COLOR: 'false' }, false],
])('colour on a terminal %j with %j: %j', (isTerminal, environment, expected) => {
  expect(wantsColour(isTerminal, environment)).toBe(expected)
})

test.each([
  [true, { TERM: 'xterm' }, true],
  [true, { TERM: 'xterm', NO_COLOR: '1' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, { TERM: 'xterm', FORCE_COLOR: '1' }, false],
])('lines are rewritten on a terminal %j with %j: %j', (isTerminal, environment, expected) => {
  expect(canRewrite(isTerminal, environment)).toBe(expected)
})

test.each([
  [{}, false],
  [{ FORCE_COLOR: '1' }, true],
  [{ FORCE_COLOR: '1', TERM: 'dumb' }, true],
  [{ FORCE_COLOR: '0' }, false],
])('what the command line prints into a pipe with %j has colour: %j', async (environment, expected) => {
  const { FORCE_COLOR: _, ...inherited } = process.env
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'promises'], {
    env: { ...inherited, ...environment },
  })
  expect(stdout).toContain('replication')
  expect(stdout.includes('\x1b')).toBe(expected)
})
