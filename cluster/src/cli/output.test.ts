import { expect, test } from 'vitest'
import { wantsColour } from './output.ts'

test.each([
  [true, { TERM: 'xterm' }, true],
  [true, {}, true],
  [true, { TERM: 'xterm', NO_COLOR: '' }, true],
  [true, { TERM: 'xterm', NO_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
  [false, { TERM: 'xterm' }, false],
])('colour on a terminal %j with %j: %j', (isTerminal, environment, expected) => {
  expect(wantsColour(isTerminal, environment)).toBe(expected)
})
