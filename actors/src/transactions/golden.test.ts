/**
 * Whole stories in one notation, to be read line by line. A message: `from > to  type …` when it arrives (groups by
 * name, `@` the member); a command: `group  position: type … → result` when it is applied.
 */
import { type Address, nodeId, nodeOf } from '@synod/runtime/protocol'
import { seededRandom } from '@synod/runtime/simulation'
import { expect, test } from 'vitest'
import type { Command } from './commands.ts'
import type { Operation } from './operations.ts'
import { groupOf, openFake } from './testing/fake-client.ts'

const item = ['0', '1', '2', '3', '4', '5'].find(name => groupOf('stock', name) === 'stock.1') ?? ''
const checkout: Operation[] = [
  { op: 'check', keyspace: 'orders', key: 'o1', version: 2 },
  { op: 'put', keyspace: 'orders', key: 'o1', value: 'paid' },
  { op: 'add', keyspace: 'stock', key: item, amount: -2, min: 0 },
  { op: 'add', keyspace: 'payment', key: 'u1', amount: -30, min: 0 },
]

function nameOf(at: Address): string {
  const group = at.slice(at.lastIndexOf('/') + 1)
  return group === 'main' ? 'session' : `${group}@${nodeOf(at)}`
}

/** The parts of a message or command that tell the story. */
function detail(of: Record<string, unknown>): string {
  const attempts = (name: string) =>
    ((of[name] ?? []) as { tx: string; attempt: number }[]).map(
      ({ tx, attempt }) => `${name} ${tx}#${attempt}`,
    )
  const tx = typeof of.tx === 'string' ? [of.attempt === undefined ? of.tx : `${of.tx}#${of.attempt}`] : []
  const outcome = of.outcome as { status: string; reason?: string } | undefined
  const said = [of.vote, of.why, outcome?.status, outcome?.reason, of.status].filter(
    part => typeof part === 'string',
  )
  const lists = ['commit', 'abort', 'attempts', 'finished', 'closed'].flatMap(name =>
    Array.isArray(of[name]) ? attempts(name) : [],
  )
  return [...tx, ...said, ...lists].join(' ')
}

function tell(credit = 100) {
  const fake = openFake(seededRandom(1).next)
  fake.transact([{ op: 'put', keyspace: 'orders', key: 'o1', value: 'open' }])
  fake.transact([{ op: 'put', keyspace: 'stock', key: item, value: 10 }])
  fake.transact([{ op: 'put', keyspace: 'payment', key: 'u1', value: credit }])
  fake.settle()
  const lines: string[] = []
  fake.groups.onMessage = (from, to, message) => {
    const { type, share, ...rest } = message as { type: string; share?: object }
    lines.push(`${nameOf(from)} > ${nameOf(to)}  ${type} ${detail({ ...share, ...rest })}`.trimEnd())
  }
  fake.groups.onApplied = (group, index, command: Command, applied) => {
    const said = applied.ok && applied.result !== null ? detail({ ...applied.result }) : ''
    const result = said === '' ? '' : ` → ${said}`
    lines.push(`    ${group}  ${index}: ${command.type} ${detail({ ...command })}${result}`.trimEnd())
  }
  const note = (text: string) => lines.push(`--- ${text}`)
  return { fake, note, text: () => `${lines.join('\n')}\n` }
}

test('[TX2, TX5, TX6, TX8] commit', async () => {
  const story = tell()
  story.fake.transact(checkout)
  story.fake.settle()
  story.note('the client has its answer')
  story.fake.groups.run(1_000)
  await expect(story.text()).toMatchFileSnapshot('testdata/commit.txt')
})

test('[TX4, TX7] a participant says no', async () => {
  const story = tell(29)
  story.fake.transact(checkout)
  story.fake.settle()
  story.note('the client has its answer')
  story.fake.groups.run(1_000)
  await expect(story.text()).toMatchFileSnapshot('testdata/refusal.txt')
})

test('[TX8, TX16] the coordinator is deposed after the decision: the next one finishes', async () => {
  const story = tell()
  const { groups } = story.fake
  groups.loses = (_from, _to, message) => (message as { type: string }).type === 'finish'
  story.fake.transact(checkout)
  story.fake.settle()
  groups.depose('orders.0', nodeId('n1'))
  story.note('the client has its answer; orders.0 is led by n1, all finishes so far were lost')
  groups.loses = () => false
  groups.run(900)
  await expect(story.text()).toMatchFileSnapshot('testdata/finished-by-the-next.txt')
})

test('[TX9] the coordinator is deposed before the decision: whoever is in doubt asks, the abort is logged', async () => {
  const story = tell()
  const { groups } = story.fake
  groups.loses = (_from, _to, message) => ['vote', 'notLeader'].includes((message as { type: string }).type)
  const gaveUp = story.fake.transact(checkout, { patienceMs: 60_000, once: true })
  groups.run(20)
  groups.depose('orders.0', nodeId('n1'))
  story.note('orders.0 is led by n1; the votes were lost, and nobody asks again')
  groups.loses = () => false
  groups.run(3_000)
  expect(gaveUp.outcome).toBeUndefined()
  await expect(story.text()).toMatchFileSnapshot('testdata/in-doubt.txt')
})

test('[TX12, TX13] a deadlock: the younger is wounded, and comes after the older', async () => {
  const story = tell()
  const [a, b] = ['stock.0', 'stock.1'].map(group => {
    for (let at = 0; ; at++)
      if (groupOf('stock', `x${at}`) === group) return { keyspace: 'stock', key: `x${at}` }
  }) as [{ keyspace: string; key: string }, { keyspace: string; key: string }]
  Object.assign(story.fake.groups.faults, { minDelayMs: 2, maxDelayMs: 2 })
  const older = story.fake.transact([
    { op: 'put', ...a, value: 'older' },
    { op: 'put', ...b, value: 'older' },
  ])
  story.fake.groups.run(1)
  const younger = story.fake.transact([
    { op: 'put', ...b, value: 'younger' },
    { op: 'put', ...a, value: 'younger' },
  ])
  story.fake.settle()
  story.note('both clients have their answers')
  story.fake.groups.run(1_000)
  expect([older.outcome?.status, younger.outcome?.status]).toEqual(['committed', 'committed'])
  expect([story.fake.value('stock', a.key)?.value, story.fake.value('stock', b.key)?.value]).toEqual([
    'younger',
    'younger',
  ])
  await expect(story.text()).toMatchFileSnapshot('testdata/deadlock.txt')
})
