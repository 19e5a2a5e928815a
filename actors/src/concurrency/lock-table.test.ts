import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exclude, type LockMode, type LockRequest } from './lock-modes.ts'
import { acquire, conflicting, emptyLockTable, isFree, release } from './lock-table.ts'

const request = (items: Record<string, LockMode>, prefixes: string[] = []): LockRequest => ({
  items: new Map(Object.entries(items)),
  prefixes,
})
const requests = fc
  .tuple(
    fc.dictionary(
      fc.constantFrom('k/a', 'k/ab', 'k/b', 'k/c'),
      fc.constantFrom('shared', 'add', 'exclusive' as const),
    ),
    fc.subarray(['k/a', 'k/b']),
  )
  .map(([items, prefixes]) => request(items as Record<string, LockMode>, prefixes))

test('[CC1, CC6] the table says who is in the way as pairwise exclusion does', () => {
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 8 }), requests, (others, wanted) => {
      const table = emptyLockTable()
      const held: [string, LockRequest][] = []
      others.forEach((other, at) => {
        expect(isFree(table, other)).toBe(!held.some(([, one]) => exclude(one, other)))
        if (!isFree(table, other)) return
        acquire(table, `t${at}`, other)
        held.push([`t${at}`, other])
      })
      const inTheWay = held.filter(([, one]) => exclude(one, wanted)).map(([name]) => name)
      expect([...conflicting(table, wanted, 'me')].sort()).toEqual(inTheWay.sort())
      expect(isFree(table, wanted)).toBe(inTheWay.length === 0)
    }),
  )
})

test('[CC2] what is released is free, and nothing else', () => {
  const table = emptyLockTable()
  acquire(table, 't1', request({ 'k/a': 'shared', 'k/b': 'exclusive' }, ['k/c']))
  acquire(table, 't2', request({ 'k/a': 'shared' }))
  expect(release(table, 't1')?.items.size).toBe(2)
  expect(isFree(table, request({ 'k/b': 'add', 'k/c': 'exclusive' }))).toBe(true)
  expect([...conflicting(table, request({ 'k/a': 'exclusive' }), 't3')]).toEqual(['t2'])
  release(table, 't2')
  expect(table).toEqual(emptyLockTable())
  expect(release(table, 't2')).toBeUndefined()
})

test('[CC1] granting what excludes a holder is a broken invariant', () => {
  const table = emptyLockTable()
  acquire(table, 't1', request({ 'k/a': 'exclusive' }))
  expect(() => acquire(table, 't2', request({ 'k/a': 'shared' }))).toThrow('only compatible locks')
  expect(() => acquire(table, 't1', request({}))).toThrow('once')
})
