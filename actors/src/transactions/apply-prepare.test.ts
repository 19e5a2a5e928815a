import { expect, test } from 'vitest'
import type { FinishShares } from './commands.ts'
import { add, append, check, del, get, oneShard, put, scan } from './testing/one-shard.ts'

const yes = (prepared: number, ...results: unknown[]) => ({
  vote: 'yes',
  prepared,
  results: results.map((result, index) => ({ index, result })),
})

test('[TX2] a prepare locks, reserves, answers, and changes no value', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('a', 1), put('n', 5), put('r', 2)])
  expect(shard.prepare('p:1', [put('a', 2), add('n', -2, { min: 0 }), get('r')])).toEqual(
    yes(3, { version: 3 }, { value: null }, { value: 2, version: 2 }),
  )
  expect([shard.value('a'), shard.value('n')]).toEqual([1, 5])
  expect(shard.rows('l/')).toEqual(['l/kv/a', 'l/kv/r'])
  expect(shard.rows('e/')).toEqual(['e/kv/n'])
})

test('[TX2] a repeated prepare gets the same vote and locks nothing twice', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 5)])
  const first = shard.prepare('p:1', [add('n', -2, { min: 0 })])
  expect(shard.prepare('p:1', [add('n', -2, { min: 0 })])).toEqual(first)
  expect(shard.audit().escrow).toEqual({ keys: 1, pending: 1 })
})

test('[TX2] a prepare of that attempt with other operations gets no vote, and the first one stays until it is closed', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 5)])
  const first = shard.prepare('p:1', [add('n', -2, { min: 0 })])
  expect(shard.prepare('p:1', [add('n', -5, { min: 0 })])).toEqual({ vote: 'retry', why: 'wounded' })
  expect(shard.prepare('p:1', [add('n', -2, { min: 0 })])).toEqual(first)
  expect(shard.audit().escrow).toEqual({ keys: 1, pending: 1 })
})

test('[TX2] a no leaves no trace', () => {
  const shard = oneShard()
  const before = shard.picture()
  expect(shard.prepare('p:1', [put('a', 1), check('b', { exists: true })])).toMatchObject({
    vote: 'no',
    reason: 'checkFailed',
    operation: 1,
  })
  expect(shard.picture()).toEqual(before)
})

test('[TX2, CC1] what prepared transactions lock is locked for others, shared and adds beside each other', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('r', 1), put('n', 10), put('w', 1)])
  shard.prepare('p:1', [get('r'), add('n', -1, { min: 0 }), put('w', 2)])
  const vote = (tx: string, ...operations: ReturnType<typeof get>[]) => shard.prepare(tx, operations).vote
  expect(vote('p:2', get('r'), add('n', -1, { min: 0 }))).toBe('yes')
  expect(vote('p:3', put('r', 2))).toBe('locked')
  expect(vote('p:4', get('n'))).toBe('locked')
  expect(vote('p:5', get('w'))).toBe('locked')
  expect(vote('p:6', add('w', 1))).toBe('locked')
  shard.abort('p:1')
  expect(vote('p:3', put('r', 2))).toBe('locked')
  shard.abort('p:2')
  expect(vote('p:3', put('r', 2))).toBe('yes')
})

test('[CC4] 100 of 100 are sold: pending ones hold back what depends on them, and release it', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 100)])
  for (let buyer = 1; buyer <= 10; buyer++) {
    expect(shard.prepare(`p:${buyer}`, [add('n', -10, { min: 0 })]).vote).toBe('yes')
  }
  expect(shard.prepare('p:11', [add('n', -10, { min: 0 })]).vote).toBe('locked')
  expect(shard.execute('s:2', [add('n', -1, { min: 0 })])).toEqual({ status: 'locked' })
  expect(shard.prepare('p:12', [add('n', -101, { min: 0 })])).toMatchObject({
    vote: 'no',
    reason: 'outOfBounds',
  })
  shard.abort('p:1')
  expect(shard.prepare('p:11', [add('n', -10, { min: 0 })])).toMatchObject({ vote: 'yes', prepared: 17 })
  for (let buyer = 2; buyer <= 10; buyer++) shard.commit(`p:${buyer}`, 2 + buyer)
  shard.commit('p:11', 17)
  expect(shard.value('n')).toBe(0)
  expect(shard.prepare('p:13', [add('n', -1, { min: 0 })])).toMatchObject({
    vote: 'no',
    reason: 'outOfBounds',
  })
  expect(shard.audit()).toMatchObject({ prepared: 0, locks: 0, escrow: { keys: 0, pending: 0 } })
})

test('[CC5] who would create a key waits for those pending with another initial', () => {
  const shard = oneShard()
  expect(shard.prepare('p:1', [add('n', -5, { initial: 10, min: 0 })]).vote).toBe('yes')
  expect(shard.prepare('p:2', [add('n', -50, { initial: 100, min: 0 })]).vote).toBe('locked')
  expect(shard.prepare('p:3', [add('n', 1)]).vote).toBe('locked')
  expect(shard.prepare('p:4', [add('n', -5, { initial: 10, min: 0 })]).vote).toBe('yes')
  shard.commit('p:1', 2)
  shard.commit('p:4', 5)
  expect(shard.value('n')).toBe(0)
})

test('[CC6] a prepared scan keeps phantoms out, a prepared write keeps scans out', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('k/1', 1)])
  expect(shard.prepare('p:1', [scan('k/')]).vote).toBe('yes')
  expect(shard.execute('s:2', [put('k/2', 2)])).toEqual({ status: 'locked' })
  expect(shard.execute('s:3', [get('k/1')])).toMatchObject({ status: 'decided' })
  expect(shard.execute('s:4', [put('l/1', 2)])).toMatchObject({ status: 'decided' })
  shard.commit('p:1', 3)
  expect(shard.execute('s:2', [put('k/2', 2)])).toMatchObject({ status: 'decided' })
  shard.prepare('p:2', [del('k/1')])
  expect(shard.execute('s:5', [scan('k/')])).toEqual({ status: 'locked' })
  shard.commit('p:2', 8)
  shard.prepare('p:3', [add('k/2', 1)])
  expect(shard.execute('s:5', [scan('k/')])).toEqual({ status: 'locked' })
  expect(shard.audit()).toMatchObject({ locks: 0 })
})

test('[TX7] a commit applies what was prepared, once, and frees all', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 5)])
  const operations = [put('a', 2), append('l', 'x'), add('n', -2, { min: 0 }), del('b')]
  shard.prepare('p:1', operations)
  shard.commit('p:1', 3)
  shard.commit('p:1', 3)
  expect([shard.value('a'), shard.value('l'), shard.value('n')]).toEqual([2, ['x'], 3])
  expect(shard.audit()).toMatchObject({
    prepared: 0,
    locks: 0,
    escrow: { keys: 0, pending: 0 },
    tombstones: 0,
  })
})

test('[TX3] a late copy of a prepare is not committed by a late copy of its commit', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 5)])
  shard.prepare('p:1', [add('n', -2, { min: 0 })])
  shard.commit('p:1', 3)
  expect(shard.prepare('p:1', [add('n', -2, { min: 0 })])).toMatchObject({ vote: 'yes', prepared: 5 })
  shard.commit('p:1', 3)
  expect(shard.value('n')).toBe(3)
  expect(shard.audit()).toMatchObject({ prepared: 0, escrow: { keys: 0, pending: 0 } })
})

test('[TX7] an abort frees all and changes nothing', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 5)])
  shard.prepare('p:1', [put('a', 1), add('n', -2, { min: 0 }), get('r'), scan('k/')])
  shard.abort('p:1')
  expect([shard.value('a'), shard.value('n')]).toEqual([undefined, 5])
  expect(shard.audit()).toMatchObject({
    prepared: 0,
    locks: 0,
    escrow: { keys: 0, pending: 0 },
    tombstones: 1,
  })
})

test('[TX7] no vote after a tombstone, but for a later attempt', () => {
  const shard = oneShard()
  shard.abort('p:1', 2)
  expect(shard.prepare('p:1', [put('a', 1)], { attempt: 1 })).toEqual({ vote: 'retry', why: 'wounded' })
  expect(shard.prepare('p:1', [put('a', 1)], { attempt: 2 })).toEqual({ vote: 'retry', why: 'wounded' })
  expect(shard.prepare('p:1', [put('a', 1)], { attempt: 3 })).toMatchObject({ vote: 'yes' })
})

test('[TX7] an abort of an earlier attempt, late, takes nothing back of a tombstone', () => {
  const shard = oneShard()
  shard.abort('p:1', 2)
  shard.abort('p:1', 1)
  expect(shard.prepare('p:1', [put('a', 1)], { attempt: 2 })).toEqual({ vote: 'retry', why: 'wounded' })
})

test('[TX7] an abort that comes while a later attempt is prepared leaves its tombstone, too', () => {
  const shard = oneShard()
  shard.prepare('p:1', [put('a', 2)], { attempt: 2 })
  shard.abort('p:1', 1)
  expect(shard.rows('p/')).toEqual(['p/p:1'])
  shard.commit('p:1', 2, 2)
  expect(shard.value('a')).toBe(2)
  expect(shard.prepare('p:1', [put('a', 1)], { attempt: 1 })).toEqual({ vote: 'retry', why: 'wounded' })
})

test('[TX13] a later attempt replaces an earlier one; what is late of the earlier one changes nothing', () => {
  const shard = oneShard()
  shard.prepare('p:1', [put('a', 1)])
  expect(shard.prepare('p:1', [put('b', 1)], { attempt: 2 })).toMatchObject({ vote: 'yes', prepared: 3 })
  expect(shard.rows('l/')).toEqual(['l/kv/b'])
  expect(shard.prepare('p:1', [put('a', 1)])).toEqual({ vote: 'retry', why: 'wounded' })
  shard.abort('p:1', 1)
  expect(shard.rows('p/')).toEqual(['p/p:1'])
  shard.commit('p:1', 3, 2)
  expect([shard.value('a'), shard.value('b')]).toEqual([undefined, 1])
})

test('[TX23] of two coordinators of one id none gets a vote for, applies or releases what the other prepared', () => {
  const shard = oneShard()
  const other = { coordinator: 'kv.2', participants: ['kv.2', 'kv.0'] }
  const finish = (commit: readonly object[], abort: readonly object[]) =>
    shard.apply({ type: 'finish', coordinator: 'kv.2', commit, abort } as FinishShares)
  expect(shard.prepare('p:1', [put('a', 1)])).toEqual(yes(2, { version: 2 }))
  for (const attempt of [1, 2]) {
    const vote = shard.prepare('p:1', [put('b', 1)], { attempt, ...other })
    expect(vote).toEqual({ vote: 'retry', why: 'wounded' })
    finish([], [{ tx: 'p:1', attempt }])
    finish([{ tx: 'p:1', attempt, prepared: 2 }], [])
  }
  expect(shard.prepare('p:1', [put('a', 1)])).toEqual(yes(2, { version: 2 }))
  shard.commit('p:1', 2)
  expect([shard.value('a'), shard.value('b')]).toEqual([1, undefined])
  expect(shard.prepare('p:1', [put('b', 1)], { attempt: 3, ...other })).toMatchObject({ vote: 'yes' })
})

test('[TX7] tombstones go when they are old by the clock of the group', () => {
  const shard = oneShard()
  shard.abort('p:1')
  const forget = () =>
    shard.apply({ type: 'forget', finished: [], records: [], sessions: [], tombstones: ['p:1'] })
  forget()
  expect(shard.audit().tombstones).toBe(1)
  shard.clock.timeMs += 60_000
  forget()
  expect(shard.audit().tombstones).toBe(0)
})

test('[TX11] a prepare by another epoch gets no vote', () => {
  const shard = oneShard()
  expect(shard.prepare('p:1', [put('a', 1)], { epoch: 2 })).toEqual({ vote: 'retry', why: 'wrongEpoch' })
  expect(shard.audit().prepared).toBe(0)
})

test('[TX20] the version of a locked key is known when it is prepared, of an added one when it is committed', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 5), put('a', 0)])
  shard.prepare('p:1', [put('a', 1), add('n', 1)])
  shard.execute('s:2', [add('n', 1)])
  shard.commit('p:1', 3)
  expect([shard.version('a'), shard.version('n')]).toEqual([3, 5])
})
