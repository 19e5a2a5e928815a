/** What a checkout costs: order, two items, one user; four groups. */
import { seededRandom } from '@synod/runtime/simulation'
import { expect, test } from 'vitest'
import type { Operation } from './operations.ts'
import { groupOf, openFake } from './testing/fake-client.ts'

/** Two items on different groups. */
const [first, second] = ['stock.0', 'stock.1'].map(group => {
  for (let item = 0; ; item++) if (groupOf('stock', `${item}/count`) === group) return `${item}`
})

const checkout: Operation[] = [
  { op: 'check', keyspace: 'orders', key: 'o1', version: 2 },
  { op: 'put', keyspace: 'orders', key: 'o1', value: { paid: true } },
  { op: 'add', keyspace: 'stock', key: `${first}/count`, amount: -2, min: 0 },
  { op: 'add', keyspace: 'stock', key: `${second}/count`, amount: -1, min: 0 },
  { op: 'add', keyspace: 'payment', key: 'u1', amount: -30, min: 0 },
]

function shop() {
  const fake = openFake(seededRandom(1).next)
  fake.transact([{ op: 'put', keyspace: 'orders', key: 'o1', value: { paid: false } }])
  fake.transact([{ op: 'put', keyspace: 'stock', key: `${first}/count`, value: 10 }])
  fake.transact([{ op: 'put', keyspace: 'stock', key: `${second}/count`, value: 10 }])
  fake.transact([{ op: 'put', keyspace: 'payment', key: 'u1', value: 100 }])
  fake.settle()
  for (const group of fake.groups.groups.values()) group.applied.clear()
  fake.groups.sent.clear()
  return fake
}

function commands(fake: ReturnType<typeof shop>): number {
  let sum = 0
  for (const { applied } of fake.groups.groups.values()) for (const count of applied.values()) sum += count
  return sum
}

test('[TX6] a checkout over four groups takes 4 commands and 8 messages before the answer', () => {
  const fake = shop()
  const bought = fake.transact(checkout)
  expect(fake.settle()).toBe(true)
  expect(bought.outcome?.status).toBe('committed')
  // Three prepares, one decision.
  expect(commands(fake)).toBe(4)
  const foreground = ['submit', 'prepare', 'vote', 'submitted'].map(type => fake.groups.sent.get(type))
  expect(foreground).toEqual([1, 3, 3, 1])
})

test('[TX6, TX8] afterwards: one finish and one answer per participant, one command to forget', () => {
  const fake = shop()
  fake.transact(checkout)
  fake.settle()
  fake.groups.run(1_000)
  // Three finishes, one forget.
  expect(commands(fake)).toBe(8)
  expect([...fake.groups.sent.values()].reduce((sum, count) => sum + count, 0)).toBe(14)
  expect(fake.value('stock', `${first}/count`)?.value).toBe(8)
  expect(fake.value('stock', `${second}/count`)?.value).toBe(9)
  expect(fake.value('payment', 'u1')?.value).toBe(70)
  expect(fake.value('orders', 'o1')?.value).toEqual({ paid: true })
})

test('[TX1] a transaction within one group is one command', () => {
  const fake = shop()
  const paid = fake.transact([{ op: 'add', keyspace: 'payment', key: 'u1', amount: 5 }])
  fake.settle()
  fake.groups.run(1_000)
  expect(paid.outcome).toEqual({ status: 'committed', results: [{ value: 105 }] })
  expect(commands(fake)).toBe(1)
})
