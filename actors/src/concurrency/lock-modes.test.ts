import { expect, test } from 'vitest'
import type { Operation } from '../transactions/operations.ts'
import { compatible, exclude, locksOf } from './lock-modes.ts'

const on = { keyspace: 'kv', key: 'a' } as const
const get: Operation = { op: 'get', ...on }
const put: Operation = { op: 'put', ...on, value: 1 }
const add: Operation = { op: 'add', ...on, amount: 1 }
const check: Operation = { op: 'check', ...on, exists: true }
const scan: Operation = { op: 'scan', ...on, prefix: 'a' }

test('[CC1] reads lock shared, adds in mode add, everything else exclusive', () => {
  const modeOf = (...operations: Operation[]) => locksOf(operations).items.get('kv/a')
  expect(modeOf(get)).toBe('shared')
  expect(modeOf(get, check)).toBe('shared')
  expect(modeOf(add, add)).toBe('add')
  expect(modeOf(put)).toBe('exclusive')
  expect(modeOf({ op: 'delete', ...on })).toBe('exclusive')
  expect(modeOf({ op: 'append', ...on, value: 1 })).toBe('exclusive')
  expect(modeOf(get, add)).toBe('exclusive')
  expect(modeOf(add, check)).toBe('exclusive')
})

test('[CC1] shared goes with shared, add with add, nothing else together', () => {
  const modes = ['shared', 'add', 'exclusive'] as const
  const together = modes.flatMap(a => modes.filter(b => compatible(a, b)).map(b => [a, b]))
  expect(together).toEqual([
    ['shared', 'shared'],
    ['add', 'add'],
  ])
})

test('[CC6] a scanned prefix excludes whoever could change what it sees, and nobody else', () => {
  const excludes = (operation: Operation) => exclude(locksOf([scan]), locksOf([operation]))
  expect(excludes(put)).toBe(true)
  expect(excludes(add)).toBe(true)
  expect(excludes({ op: 'put', keyspace: 'kv', key: 'abc', value: 1 })).toBe(true)
  expect(excludes({ op: 'put', keyspace: 'kv', key: 'b', value: 1 })).toBe(false)
  expect(excludes({ op: 'put', keyspace: 'other', key: 'a', value: 1 })).toBe(false)
  expect(excludes(get)).toBe(false)
  expect(excludes(scan)).toBe(false)
})
