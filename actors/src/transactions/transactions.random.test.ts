/** Random histories over groups that lose messages, double them, and change their leaders; then a healed phase. */
import { type Random, seededRandom } from '@synod/runtime/simulation'
import { expect, test } from 'vitest'
import type { Operation, OperationResult } from './operations.ts'
import { table } from './rows.ts'
import { type FakeCluster, nodes, openFake, type Pending } from './testing/fake-client.ts'
import { findCycle, type ListTransaction } from './testing/histories.ts'

const seeds = Number(process.env.TX_SEEDS ?? 40)
const first = Number(process.env.TX_FROM ?? 1)
const accounts = 12
const startMoney = 50
const lists = 6

interface Issued {
  readonly name: string
  readonly kind: 'append' | 'transfer' | 'hot' | 'swap'
  readonly operations: readonly Operation[]
  readonly calledMs: number
  returnedMs: number
  pending: Pending
}

const kv = { keyspace: 'kv' } as const
const account = (at: number) => ({ ...kv, key: `account${at}` })

function someOf(random: Random, count: number, most: number): number[] {
  const all = random.shuffle(Array.from({ length: count }, (_, at) => at))
  return all.slice(0, random.integer(1, most))
}

function operationsOf(random: Random, kind: Issued['kind'], name: string): Operation[] {
  switch (kind) {
    case 'append':
      return someOf(random, lists, 3).flatMap((list): Operation[] => {
        const key = { ...kv, key: `list${list}` }
        const read: Operation[] = random.chance(0.6) ? [{ op: 'get', ...key }] : []
        return random.chance(0.8) ? [...read, { op: 'append', ...key, value: name }] : [{ op: 'get', ...key }]
      })
    case 'transfer': {
      const [from = 0, to = 1] = random.shuffle(Array.from({ length: accounts }, (_, at) => at))
      const amount = random.integer(1, 30)
      const both: Operation[] = [
        { op: 'add', ...account(from), amount: -amount, min: 0 },
        { op: 'add', ...account(to), amount },
      ]
      return random.shuffle(both)
    }
    case 'hot':
      return [
        { op: 'append', ...kv, key: `buyers${random.integer(0, 9)}`, value: name },
        { op: 'add', keyspace: 'stock', key: 'hot/count', amount: -1, min: 0 },
      ]
    case 'swap':
      return [
        { op: 'scan', ...kv, key: 'account0', prefix: 'account' },
        { op: 'add', ...account(random.integer(0, accounts - 1)), amount: 1, external: true },
        { op: 'put', ...kv, key: `mark${random.integer(0, 3)}`, value: name },
      ]
  }
}

function prepareWorld(random: Random): FakeCluster {
  const measures = {
    kv: (key: string, value: unknown): Record<string, number> =>
      key.startsWith('account') && typeof value === 'number' ? { money: value } : {},
  }
  const fake = openFake(random.fork('world').next, measures)
  for (let at = 0; at < accounts; at++) {
    fake.transact([{ op: 'put', ...account(at), value: startMoney, external: true }])
  }
  fake.transact([{ op: 'put', keyspace: 'stock', key: 'hot/count', value: 20 }])
  if (!fake.settle()) throw new Error('the start did not settle')
  return fake
}

/** Commands and messages go wrong for a while. */
function disturb(fake: FakeCluster, random: Random, untilMs: number): void {
  Object.assign(fake.groups.faults, {
    loss: random.pick([0, 0.05, 0.2]),
    duplicate: random.pick([0, 0.1, 0.3]),
    maxDelayMs: random.pick([2, 20, 150]),
    late: random.pick([0, 0.3, 0.8]),
    again: random.pick([0, 0.1, 0.5]),
  })
  const everyMs = random.pick([200, 1_000, 5_000])
  const change = () => {
    if (fake.groups.nowMs >= untilMs) return
    const group = random.pick([...fake.groups.groups.keys()])
    fake.groups.depose(group, random.pick(nodes))
    fake.groups.after(random.between(0, everyMs), change)
  }
  fake.groups.after(random.between(0, everyMs), change)
}

function issueAll(fake: FakeCluster, random: Random, untilMs: number): Issued[] {
  const issued: Issued[] = []
  const next = () => {
    if (fake.groups.nowMs >= untilMs) return
    const name = `t${issued.length}`
    const kind = random.pick(['append', 'append', 'transfer', 'hot', 'swap'] as const)
    const operations = operationsOf(random, kind, name)
    const calledMs = fake.groups.nowMs
    const id = { session: `client${issued.length % 5}`, sequence: Math.floor(issued.length / 5) + 1 }
    const one: Issued = {
      name,
      kind,
      operations,
      calledMs,
      returnedMs: Number.POSITIVE_INFINITY,
      pending: undefined as never,
    }
    one.pending = fake.transact(operations, { id, patienceMs: random.pick([300, 2_000, 10_000]) })
    one.pending.onAnswer = () => {
      one.returnedMs = Math.min(one.returnedMs, fake.groups.nowMs)
    }
    issued.push(one)
    fake.groups.after(random.between(0, 60), next)
  }
  next()
  return issued
}

/** A leader's memory holds all that is prepared here, but what it is about to abort for a later attempt. */
function checkMemory(fake: FakeCluster): void {
  for (const [name, { leader }] of fake.groups.groups) {
    const { state, seat } = leader
    for (const [tx, { attempt }] of table.prepared(seat.store).scan()) {
      const later = (state?.shares.get(tx)?.prepare.attempt ?? 0) > attempt
      if (!later && state?.table.held.has(tx) !== true)
        throw new Error(`${name} does not hold ${tx}#${attempt}`)
    }
  }
}

function run(seed: number): { fake: FakeCluster; issued: Issued[] } {
  const random = seededRandom(seed)
  const fake = prepareWorld(random)
  const untilMs = fake.groups.nowMs + 6_000
  disturb(fake, random.fork('faults'), untilMs)
  fake.groups.onMessage = () => checkMemory(fake)
  const issued = issueAll(fake, random.fork('load'), untilMs)
  fake.groups.run(6_000)
  Object.assign(fake.groups.faults, { loss: 0, duplicate: 0, maxDelayMs: 5, again: 0 })
  const open = () => issued.filter(({ pending }) => pending.outcome === undefined)
  if (!fake.settle(60_000))
    throw new Error(`unanswered: ${open().map(({ name, kind }) => `${name} ${kind}`)}`)
  fake.groups.run(20_000)
  return { fake, issued }
}

const committed = ({ pending }: Issued) => pending.outcome?.status === 'committed'
const listOf = (fake: FakeCluster, key: string) => (fake.value('kv', key)?.value ?? []) as string[]

function checkAppends(fake: FakeCluster, issued: readonly Issued[]): void {
  for (const one of issued) {
    for (const operation of one.operations) {
      if (operation.op !== 'append') continue
      const times = listOf(fake, operation.key).filter(value => value === one.name).length
      expect(times, `${one.name} in ${operation.key}`).toBe(committed(one) ? 1 : 0)
    }
  }
}

function checkMoney(fake: FakeCluster, issued: readonly Issued[]): void {
  const gifts = issued.filter(one => one.kind === 'swap' && committed(one)).length
  let sum = 0
  for (let at = 0; at < accounts; at++) {
    const value = fake.value('kv', `account${at}`)?.value as number
    expect(value).toBeGreaterThanOrEqual(0)
    sum += value
  }
  expect(sum).toBe(accounts * startMoney + gifts)
  let tallied = 0
  for (const name of fake.groups.groups.keys()) {
    const store = fake.groups.store(name)
    for (const [, { in: come, out }] of table.tallies(store).scan()) tallied += Number(come) - Number(out)
  }
  expect(tallied).toBe(sum)
}

function checkHot(fake: FakeCluster, issued: readonly Issued[]): void {
  const hot = issued.filter(one => one.kind === 'hot')
  expect(hot.filter(committed).length).toBe(Math.min(20, hot.length))
  expect(fake.value('stock', 'hot/count')?.value).toBe(20 - hot.filter(committed).length)
}

function checkNothingLeft(fake: FakeCluster): void {
  for (const [name, group] of fake.groups.groups) {
    const store = fake.groups.store(name)
    for (const kind of ['p', 'l', 'e', 'g', 'u'])
      expect([...store.table(kind).scan()], `${name} ${kind}`).toEqual([])
    expect(group.leader.state?.table.held.size, name).toBe(0)
    expect(group.leader.state?.shares.size, name).toBe(0)
    expect(group.leader.state?.queue.waiters.size, name).toBe(0)
    expect(group.leader.state?.owed.size, name).toBe(0)
  }
}

function checkAnswers(issued: readonly Issued[]): void {
  for (const { pending, name } of issued) {
    for (const answer of pending.answers) expect(answer, name).toEqual(pending.outcome)
  }
}

function checkOrder(fake: FakeCluster, issued: readonly Issued[]): void {
  const history: ListTransaction[] = []
  for (const one of issued) {
    if (one.kind !== 'append' || !committed(one) || one.pending.outcome?.status !== 'committed') continue
    const reads = new Map<string, readonly string[]>()
    const { results } = one.pending.outcome
    one.operations.forEach((operation, at) => {
      const result = results[at] as OperationResult & { value: string[] | null }
      if (operation.op === 'get') reads.set(operation.key, result.value ?? [])
    })
    const appends = one.operations.flatMap(operation => (operation.op === 'append' ? [operation.key] : []))
    history.push({ ...one, appends, reads })
  }
  const final = new Map(Array.from({ length: lists }, (_, at) => [`list${at}`, listOf(fake, `list${at}`)]))
  expect(findCycle(history, final)).toBeUndefined()
}

for (let seed = first; seed < first + seeds; seed++) {
  test(`[TX4, TX5, TX7, TX9, TX16, EO1, CC3] seed ${seed}: atomic, exactly once, serializable, nothing left behind`, () => {
    const { fake, issued } = run(seed)
    checkAnswers(issued)
    checkAppends(fake, issued)
    checkMoney(fake, issued)
    checkHot(fake, issued)
    checkNothingLeft(fake)
    checkOrder(fake, issued)
  })
}
