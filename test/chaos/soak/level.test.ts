import { expect, test } from 'vitest'
import type { Holding } from './holding.ts'
import { growth } from './level.ts'

const node: Holding = {
  node: 'n1',
  residentMiB: 200,
  descriptors: 30,
  walMiB: 4,
  databaseMiB: 10,
  longestLog: 900,
}

function looks(change: (at: number) => Partial<Holding>): Holding[][] {
  return Array.from({ length: 24 }, (_, at) => [{ ...node, ...change(at) }])
}

test('what goes up and down is level', () => {
  expect(
    growth(
      looks(at => ({ residentMiB: 200 + 60 * (at % 2), walMiB: 4 + (at % 5), longestLog: 900 * (at % 4) })),
    ),
  ).toEqual([])
})

test('what is high only while it warms up is level', () => {
  expect(growth(looks(at => ({ residentMiB: at < 12 ? 90 + 10 * at : 220 })))).toEqual([])
})

test.each([
  ['residentMiB', 30],
  ['descriptors', 4],
  ['walMiB', 7],
  ['databaseMiB', 8],
] as const)('%s that grows with every look is found', (measure, step) => {
  expect(growth(looks(at => ({ [measure]: node[measure] + at * step })))).toEqual([
    expect.stringMatching(`^n1: ${measure} grew from \\d+ to \\d+$`),
  ])
})

test('a log that is longer than its tail may be is found', () => {
  expect(growth(looks(at => ({ longestLog: 900 + at * 700 })))).toEqual(
    expect.arrayContaining(['n1: 13500 slots of a log are kept']),
  )
  expect(growth(looks(at => ({ longestLog: Math.min(12_000, 900 + at * 700) })))).toEqual([])
})
