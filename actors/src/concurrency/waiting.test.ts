import { expect, test } from 'vitest'
import type { LockMode, LockRequest } from './lock-modes.ts'
import { acquire, emptyLockTable, release } from './lock-table.ts'
import {
  candidates,
  dequeue,
  emptyQueue,
  enqueue,
  isHeadOfLine,
  isOlder,
  mayGo,
  type Waiter,
} from './waiting.ts'

const request = (items: Record<string, LockMode>, prefixes: string[] = []): LockRequest => ({
  items: new Map(Object.entries(items)),
  prefixes,
})
const waiter = (tx: string, timeMs: number, wanted: LockRequest, escrow: string[] = []): Waiter => ({
  tx,
  age: { timeMs, tx },
  request: wanted,
  escrow,
  sinceMs: 0,
  notBeforeMs: 0,
})

test('[CC3] age is when the transaction was first heard of; ties go by name', () => {
  expect(isOlder({ timeMs: 1, tx: 'b' }, { timeMs: 2, tx: 'a' })).toBe(true)
  expect(isOlder({ timeMs: 1, tx: 'a' }, { timeMs: 1, tx: 'b' })).toBe(true)
  expect(isOlder({ timeMs: 1, tx: 'a' }, { timeMs: 1, tx: 'a' })).toBe(false)
})

test('[CC2] all locks at once: one that is taken keeps all from being granted', () => {
  const table = emptyLockTable()
  acquire(table, 't0', request({ a: 'exclusive' }))
  const both = waiter('t1', 1, request({ a: 'shared', b: 'shared' }))
  expect(mayGo(table, emptyQueue(), both)).toBe(false)
  release(table, 't0')
  expect(mayGo(table, emptyQueue(), both)).toBe(true)
})

test('[CC3] nobody younger passes an older one that it would exclude', () => {
  const table = emptyLockTable()
  const queue = emptyQueue()
  acquire(table, 't0', request({ a: 'shared' }))
  enqueue(queue, waiter('t1', 1, request({ a: 'exclusive' })))
  expect(mayGo(table, queue, waiter('t2', 2, request({ a: 'shared' })))).toBe(false)
  // Who is older than all that wait goes beside the holder.
  expect(mayGo(table, queue, waiter('t9', 0, request({ a: 'shared' })))).toBe(true)
  expect(mayGo(table, queue, waiter('t3', 3, request({ b: 'exclusive' })))).toBe(true)
})

test('[CC3] who waits for an amount is not passed by younger adders, whatever little they want', () => {
  const table = emptyLockTable()
  const queue = emptyQueue()
  enqueue(queue, waiter('t1', 1, request({ a: 'add' }), ['a']))
  expect(mayGo(table, queue, waiter('t2', 2, request({ a: 'add' })))).toBe(false)
  expect(mayGo(table, queue, waiter('t0', 0, request({ a: 'add' })))).toBe(true)
})

test('[CC6] a waiting scan is not passed by younger writers under its prefix, nor a writer by younger scans', () => {
  const table = emptyLockTable()
  const queue = emptyQueue()
  enqueue(queue, waiter('t1', 1, request({}, ['a'])))
  expect(mayGo(table, queue, waiter('t2', 2, request({ ab: 'exclusive' })))).toBe(false)
  expect(mayGo(table, queue, waiter('t2', 2, request({ ab: 'shared' })))).toBe(true)
  dequeue(queue, 't1')
  enqueue(queue, waiter('t1', 1, request({ ab: 'exclusive' })))
  expect(mayGo(table, queue, waiter('t2', 2, request({}, ['a'])))).toBe(false)
})

test('[CC3] candidates come oldest first: the head of each line, and those that could go beside it', () => {
  const queue = emptyQueue()
  enqueue(queue, waiter('t3', 3, request({ a: 'shared' })))
  enqueue(queue, waiter('t1', 1, request({ a: 'shared' })))
  enqueue(queue, waiter('t4', 4, request({ a: 'exclusive' })))
  enqueue(queue, waiter('t5', 5, request({ a: 'shared' })))
  enqueue(queue, waiter('t2', 2, request({ b: 'exclusive' })))
  const names = candidates(queue, request({ a: 'exclusive', b: 'exclusive' })).map(({ tx }) => tx)
  expect(names).toEqual(['t1', 't2', 't3'])
  dequeue(queue, 't1')
  dequeue(queue, 't3')
  expect(candidates(queue, request({ a: 'shared' })).map(({ tx }) => tx)).toEqual(['t4'])
})

test('[CC7] only who stands behind nobody else in line does the wounding', () => {
  const queue = emptyQueue()
  const first = waiter('t1', 1, request({ a: 'exclusive' }))
  const second = waiter('t2', 2, request({ a: 'exclusive' }))
  enqueue(queue, first)
  enqueue(queue, second)
  expect(isHeadOfLine(queue, first)).toBe(true)
  expect(isHeadOfLine(queue, second)).toBe(false)
})

test('[CC3] who leaves the line leaves nothing behind', () => {
  const queue = emptyQueue()
  enqueue(queue, waiter('t1', 1, request({ a: 'add', b: 'shared' }, ['c'])))
  dequeue(queue, 't1')
  expect(queue).toEqual(emptyQueue())
  expect(dequeue(queue, 't1')).toBeUndefined()
})
