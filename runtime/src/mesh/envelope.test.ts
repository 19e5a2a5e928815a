import { expect, test } from 'vitest'
import { nodeId } from '../address.ts'
import { readEnvelopes } from './envelope.ts'
import { FrameError } from './frame-error.ts'

const n1 = nodeId('n1')
const n2 = nodeId('n2')

function nested(levels: number): unknown {
  let value: unknown = 0
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

test.each([
  ['a list', nested(1)],
  ['lists of lists, deeper than the stack', nested(100_000)],
  ['a text', '0'],
  ['nothing', null],
])('[MS9] a route of %s is no frame', (_, route) => {
  const strings = ['n2/actor/a', 'n1/actor/a']
  const read = (routes: unknown[]) => () =>
    readEnvelopes([1, '', 0, strings, routes, ['hello'], null], n1, n2)
  expect(read([0, 1])).not.toThrow()
  expect(read([route, 1])).toThrow(FrameError)
  expect(read([0, route])).toThrow(FrameError)
})
