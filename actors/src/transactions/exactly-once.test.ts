import { expect, test } from 'vitest'
import { StoreWriter } from '../replicated/store.ts'
import { storeData } from '../replicated/store-data.ts'
import { defaultRetentionMs } from './exactly-once.ts'
import { bucketEntries, enterLedger, hash53, isInLedger } from './ledger.ts'
import { tables } from './rows.ts'
import { add, get, oneShard, put } from './testing/one-shard.ts'

const forget = (records: string[], sessions: string[] = []) =>
  ({ type: 'forget', finished: [], records, tombstones: [], sessions }) as const

test('[EO1] the same command again changes nothing and gives the same answer', () => {
  const shard = oneShard()
  const first = shard.execute('s:1', [add('n', 1, { initial: 0 })])
  const before = shard.picture()
  expect(shard.execute('s:1', [add('n', 1, { initial: 0 })])).toEqual(first)
  expect(shard.picture()).toEqual(before)
})

test('[EO2] the same id with another fingerprint conflicts; without one it is the same request', () => {
  const shard = oneShard()
  const first = shard.execute('s:1', [put('a', 1)], { fingerprint: 'x' })
  expect(shard.execute('s:1', [put('a', 2)], { fingerprint: 'y' })).toEqual({ status: 'conflictingRequest' })
  expect(shard.execute('s:1', [put('a', 1)])).toEqual(first)
  expect(shard.value('a')).toBe(1)
})

test('[EO4] the floor rises in steps, and takes the records below it along', () => {
  const shard = oneShard()
  for (let number = 1; number <= 40; number++) shard.execute(`s:${number}`, [put('a', number)])
  expect(shard.audit().records).toBe(40)
  shard.execute('s:41', [get('a')], { firstIncomplete: 31 })
  expect(shard.audit()).toMatchObject({ records: 41, sessions: 0 })
  shard.execute('s:42', [get('a')], { firstIncomplete: 38 })
  expect(shard.rows('r/')).toEqual(['r/s:38', 'r/s:39', 'r/s:40', 'r/s:41', 'r/s:42'])
  expect(shard.audit().sessions).toBe(1)
})

test('[EO4] a floor far above, and sessions whose names begin alike', () => {
  const shard = oneShard()
  for (const session of ['s', 's:1', 's2']) shard.execute(`${session}:7`, [put(session, 1)])
  shard.execute('s:1000000', [get('s')], { firstIncomplete: 1_000_000 })
  expect(shard.rows('r/')).toEqual(['r/s2:7', 'r/s:1000000', 'r/s:1:7'])
})

test('[EO3] below the floor nothing executes', () => {
  const shard = oneShard()
  shard.execute('s:50', [put('a', 1)], { firstIncomplete: 50 })
  expect(shard.execute('s:49', [put('a', 2)])).toEqual({ status: 'expired' })
  expect(shard.decide('s:49', [put('a', 2)])).toEqual({ status: 'expired' })
  expect(shard.value('a')).toBe(1)
})

test('[EO4] a record with a retention outlives the floor, and still answers', () => {
  const shard = oneShard()
  const kept = shard.execute('s:1', [put('a', 1)], { retainMs: 5_000 })
  shard.execute('s:50', [get('a')], { firstIncomplete: 50 })
  expect(shard.execute('s:1', [put('a', 1)])).toEqual(kept)
})

test('[EO5, EO3] when retention ends by the clock of the group the record goes, and its id is spent', () => {
  const shard = oneShard()
  shard.execute('key.x:1', [put('a', 1)], { retainMs: 5_000 })
  shard.apply(forget(['key.x:1']))
  expect(shard.rows('r/')).toEqual(['r/key.x:1'])
  shard.clock.timeMs += 5_000
  expect(shard.apply(forget(['key.x:1', 'key.y:1']))).toEqual({ forgotten: 1 })
  expect(shard.rows('r/')).toEqual([])
  expect(shard.execute('key.x:1', [put('a', 2)])).toEqual({ status: 'expired' })
  expect(shard.execute('key.y:1', [put('b', 2)])).toMatchObject({ status: 'decided' })
})

test('[EO5] without a retention of its own a record stays for a day', () => {
  const shard = oneShard()
  shard.execute('s:1', [put('a', 1)])
  shard.clock.timeMs += defaultRetentionMs - 1
  expect(shard.apply(forget(['s:1']))).toEqual({ forgotten: 0 })
  shard.clock.timeMs += 1
  expect(shard.apply(forget(['s:1']))).toEqual({ forgotten: 1 })
})

test('[EO5] a record stays while participants owe its finish', () => {
  const shard = oneShard()
  shard.decide('t:1', [put('a', 1)], { retainMs: 0 })
  expect(shard.apply(forget(['t:1']))).toEqual({ forgotten: 0 })
})

test('[EO3] an idle session that is closed is spent as a whole', () => {
  const shard = oneShard()
  shard.execute('s:50', [put('a', 1)], { firstIncomplete: 50 })
  expect(shard.apply(forget([], ['s']))).toEqual({ forgotten: 0 })
  shard.clock.timeMs += defaultRetentionMs
  expect(shard.apply(forget(['s:50'], ['s']))).toEqual({ forgotten: 2 })
  expect(shard.execute('s:51', [put('a', 2)])).toEqual({ status: 'expired' })
})

test('[EO3] the ledger is bounded: a full bucket drops its oldest', () => {
  const store = new StoreWriter(storeData([], tables))
  const same: string[] = []
  const bucket = hash53('id0') % 4_096
  for (let at = 0; same.length <= bucketEntries; at++)
    if (hash53(`id${at}`) % 4_096 === bucket) same.push(`id${at}`)
  for (const id of same) enterLedger(store, id)
  const [oldest = '', second = ''] = same
  expect(isInLedger(store, oldest)).toBe(false)
  expect(isInLedger(store, second)).toBe(true)
  expect(isInLedger(store, 'never', 'seen')).toBe(false)
  expect(isInLedger(store, 'never', same.at(-1) ?? '')).toBe(true)
})
