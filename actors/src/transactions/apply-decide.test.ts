import { expect, test } from 'vitest'
import { add, check, elsewhere, get, oneShard, put } from './testing/one-shard.ts'

const committed = expect.objectContaining({ status: 'committed' })
const refused = (reason: string) => expect.objectContaining({ status: 'refused', reason })
const forget = { type: 'forget', records: [], tombstones: [], sessions: [] } as const

test('[TX5] a decision applies the own share, records the outcome and what participants owe, in one command', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('o', 'open')])
  const votes = [
    { group: 'b', prepared: 7, results: [{ index: 2, result: { value: null } }] },
    { group: 'c', prepared: 9, results: [{ index: 1, result: { value: 'r', version: 4 } }] },
  ]
  const decision = shard.decide('t:1', [check('o', { version: 2 }), put('o', 'paid')], {
    operations: [
      { index: 0, operation: check('o', { version: 2 }) },
      { index: 3, operation: put('o', 'paid') },
    ],
    votes,
  })
  const results = [{ ok: true }, { value: 'r', version: 4 }, { value: null }, { version: 3 }]
  expect(decision).toEqual({ status: 'decided', outcome: { status: 'committed', results } })
  expect(shard.value('o')).toBe('paid')
  expect(shard.store.get('u/t:1')).toEqual({ attempt: 1, owing: { b: 7, c: 9 } })
})

test('[TX5] an own share that is impossible now refuses for good', () => {
  const shard = oneShard()
  expect(shard.decide('t:1', [add('n', -1, { min: 0, initial: 0 })])).toEqual({
    status: 'decided',
    outcome: refused('outOfBounds'),
  })
  expect(shard.rows('u/')).toEqual([])
  shard.execute('s:1', [put('n', 5)])
  expect(shard.decide('t:1', [add('n', -1, { min: 0, initial: 0 })], { attempt: 2 })).toEqual({
    status: 'decided',
    outcome: refused('outOfBounds'),
  })
})

test('[TX5] an own share that a prepared transaction locks, or leaves open, decides nothing', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('n', 5)])
  shard.prepare('p:1', [put('a', 1), add('n', -3, { min: 0 })])
  expect(shard.decide('t:1', [get('a')])).toEqual({ status: 'locked' })
  expect(shard.decide('t:2', [add('n', -3, { min: 0 })])).toEqual({ status: 'locked' })
  expect(shard.rows('r/')).toEqual(['r/s:1'])
})

test('[TX5] a probe only refuses', () => {
  const shard = oneShard()
  const before = shard.picture()
  expect(shard.decide('t:1', [put('a', 1)], { votes: [], probe: true })).toEqual({ status: 'possible' })
  expect(shard.picture()).toEqual(before)
  expect(shard.decide('t:1', [check('a', { exists: true })], { votes: [], probe: true })).toEqual({
    status: 'decided',
    outcome: refused('checkFailed'),
  })
})

test('[TX4] the first decision wins: committed, later refusals, aborts and decisions change nothing', () => {
  const shard = oneShard()
  const first = shard.decide('t:1', [add('n', 1, { initial: 0 })])
  expect(first).toMatchObject({ status: 'decided', outcome: committed })
  const no = { reason: 'checkFailed', operation: 1, detail: '' } as const
  expect(shard.decide('t:1', [add('n', 1)], { attempt: 2 })).toEqual(first)
  expect(shard.apply({ type: 'refuse', tx: 't:1', attempt: 1, firstIncomplete: 0, refused: no })).toEqual(
    first,
  )
  expect(shard.close('t:1', 5)).toEqual({ closed: [], decided: ['t:1'] })
  expect(shard.execute('t:1', [add('n', 1)])).toEqual(first)
  expect(shard.value('n')).toBe(1)
})

test('[TX4] a refusal is final as well', () => {
  const shard = oneShard()
  const no = { reason: 'outOfBounds', operation: 1, detail: 'x' } as const
  const first = shard.apply({ type: 'refuse', tx: 't:1', attempt: 1, firstIncomplete: 0, refused: no })
  expect(first).toEqual({ status: 'decided', outcome: { status: 'refused', ...no } })
  expect(shard.decide('t:1', [put('a', 1)], { attempt: 2 })).toEqual(first)
  expect(shard.value('a')).toBeUndefined()
})

test('[TX4, TX13] an abort closes all attempts up to its own, and none after it', () => {
  const shard = oneShard()
  expect(shard.close('t:1', 2)).toEqual({ closed: [{ tx: 't:1', attempt: 2 }], decided: [] })
  expect(shard.decide('t:1', [put('a', 1)], { attempt: 1 })).toEqual({ status: 'closed', closed: 2 })
  expect(shard.decide('t:1', [put('a', 1)], { attempt: 2 })).toEqual({ status: 'closed', closed: 2 })
  expect(shard.execute('t:1', [put('a', 1)], { attempt: 2 })).toEqual({ status: 'closed', closed: 2 })
  shard.close('t:1', 1)
  expect(shard.store.get('r/t:1')).toMatchObject({ closed: 2 })
  expect(shard.decide('t:1', [put('a', 1)], { attempt: 3 })).toMatchObject({
    status: 'decided',
    outcome: committed,
  })
})

test('[TX13] a closed attempt leaves its age to the next', () => {
  const shard = oneShard()
  const age = { timeMs: 5, tx: 't:1' }
  shard.apply({ type: 'abort', attempts: [{ tx: 't:1', attempt: 1, age }] })
  shard.apply({ type: 'abort', attempts: [{ tx: 't:1', attempt: 2, age: { timeMs: 9, tx: 't:1' } }] })
  expect(shard.store.get('r/t:1')).toMatchObject({ closed: 2, age })
})

test('[TX8] what a participant owes goes only when that participant has finished that attempt', () => {
  const shard = oneShard()
  const votes = ['b', 'c'].map(group => ({ group, prepared: 7, results: [] }))
  shard.decide('t:1', [put('a', 1)], { votes })
  const finished = (group: string, attempt = 1) =>
    shard.apply({ ...forget, finished: [{ tx: 't:1', attempt, group }] })
  finished('b', 2)
  finished('d')
  expect(shard.store.get('u/t:1')).toEqual({ attempt: 1, owing: { b: 7, c: 7 } })
  finished('b')
  finished('b')
  expect(shard.store.get('u/t:1')).toEqual({ attempt: 1, owing: { c: 7 } })
  finished('c')
  expect(shard.rows('u/')).toEqual([])
})

test('[TX4, TX8] a commit whose record is forgotten is not aborted while participants owe it', () => {
  const shard = oneShard()
  shard.decide('t:1', [put('a', 1)])
  shard.execute('t:50', [get('a')], { firstIncomplete: 50 })
  expect(shard.rows('r/')).toEqual(['r/t:50'])
  expect(shard.close('t:1')).toEqual({ closed: [], decided: ['t:1'] })
  shard.apply({ ...forget, finished: [{ tx: 't:1', attempt: 1, group: elsewhere }] })
  expect(shard.close('t:1')).toEqual({ closed: [{ tx: 't:1', attempt: 1 }], decided: [] })
})

test('[TX11] a decision by another epoch is none', () => {
  const shard = oneShard()
  expect(shard.decide('t:1', [put('a', 1)], { epoch: 2 })).toEqual({ status: 'wrongEpoch' })
  expect(shard.rows('r/')).toEqual([])
})

test('[TX4, EO3] an id that is expired is closed without a record, however often', () => {
  const shard = oneShard()
  shard.execute('t:1', [put('a', 1)])
  shard.execute('t:50', [get('a')], { firstIncomplete: 50 })
  shard.close('t:1', 3)
  expect(shard.close('t:1', 3)).toEqual({ closed: [{ tx: 't:1', attempt: 3 }], decided: [] })
  expect(shard.rows('r/')).toEqual(['r/t:50'])
})

test('[TX11] an assignment of the same epoch or an older one changes nothing', () => {
  const shard = oneShard()
  const before = shard.picture()
  for (const epoch of [1, 0]) {
    shard.apply({ type: 'assign', assignment: { epoch, shards: [], groups: {} } })
    expect(shard.picture()).toEqual(before)
  }
  shard.apply({ type: 'assign', assignment: { epoch: 2, shards: [], groups: {} } })
  expect(shard.execute('s:1', [put('a', 1)])).toEqual({ status: 'wrongEpoch' })
})
