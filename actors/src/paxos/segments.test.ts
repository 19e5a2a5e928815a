import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StateMachine } from '../replicated/state-machine.ts'
import { liveEntries } from '../replicated/store-data.ts'
import { aLearner, batch, groupOf } from './actors.fixture.ts'
import type { Tuning } from './config.ts'
import { decided, type Learner, tell } from './learner.fixture.ts'

type Command = { readonly key: string; readonly value?: unknown }

/** Puts and deletes; `t/…` has a table. */
const mapMachine: StateMachine<Command, null, never, never> = {
  name: 'map',
  tables: ['t'],
  apply(store, { key, value }) {
    if (value === undefined) store.delete(key)
    else store.put(key, value)
    return null
  },
}

function aMap(tuning: Partial<Tuning>, rows = {}): Learner {
  const config = groupOf(3, { flushSlots: 1, ...tuning })
  return aLearner(mapMachine as StateMachine, rows, { config }) as unknown as Learner
}

/** One slot with these commands. */
function run(learner: Learner, ...commands: Command[]) {
  return decided(learner, learner.state.host.applied + 1, [batch(...commands)])
}

function clean(learner: Learner) {
  while (learner.out.armed.has('clean')) learner.timer('clean')
}

function entries(learner: Learner): [string, unknown][] {
  return [...liveEntries(learner.state.host.store)].sort() as [string, unknown][]
}

function segmentsOf(learner: Learner): string[] {
  return learner.rows.keys().filter(key => key.startsWith('seg'))
}

function numberOf(name: string): number {
  return Number(name.slice('seg0/'.length))
}

const key = fc.constantFrom('a', 'b', 't/a', 't/b', 't/c', 'u/a')
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ key, value: fc.option(fc.string(), { nil: undefined }) }) },
  { weight: 3, arbitrary: fc.constant('flush' as const) },
  { weight: 1, arbitrary: fc.constantFrom('restart' as const, 'clean' as const, 'acceptorStarted' as const) },
)
const limits = fc.record({
  flushKeys: fc.integer({ min: 1, max: 6 }),
  flushSlice: fc.integer({ min: 1, max: 4 }),
})

test('[PX15, PX25] whatever was put, deleted, written by halves, swept and erased, a restart finds the state of one slot', () => {
  const seen = { sweeps: 0, halves: 0, lost: 0 }
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 200 }), limits, (steps, tuning) => {
      const learner = aMap({ ...tuning, flushSlots: 100, chunkBytes: 40 })
      const states = new Map<number, [string, unknown][]>([[0, []]])
      const restart = () => {
        if (learner.state.flushing !== undefined) seen.halves++
        const { flushed, host } = learner.state
        if (flushed < host.applied) seen.lost++
        learner.restart()
        expect(learner.state.host.applied).toBe(flushed)
        expect(entries(learner)).toEqual(states.get(flushed))
        const { first, next } = learner.state.segments
        expect(segmentsOf(learner).every(name => numberOf(name) < next)).toBe(true)
        expect(first).toBeLessThanOrEqual(next)
      }
      for (const one of steps) {
        const { first } = learner.state.segments
        if (one === 'restart') restart()
        else if (one === 'acceptorStarted') {
          tell(learner, { type: 'paxos.acceptorStarted' })
          expect(learner.state.flushed).toBe(learner.state.host.applied)
        } else if (typeof one === 'string') {
          if (learner.out.armed.has(one)) learner.timer(one)
        } else {
          run(learner, one.value === undefined ? { key: one.key } : one)
          states.set(learner.state.host.applied, entries(learner))
        }
        if (learner.state.segments.first > first) seen.sweeps++
      }
      restart()
    }),
  )
  expect(Math.min(seen.sweeps, seen.halves, seen.lost)).toBeGreaterThan(0)
})

test('[PX25] any number of the oldest segments of before a sweep may be gone', () => {
  const learner = aMap({ flushKeys: 1 })
  for (const at of [1, 2, 3, 4]) run(learner, { key: 't/a', value: at }, { key: 'b', value: at })
  run(learner, { key: 'b' })
  const numbers = () => segmentsOf(learner).length
  while (!learner.out.armed.has('clean')) run(learner, { key: 't/c', value: numbers() })
  const expected = entries(learner)
  const rows = new Map(learner.rows.keys().map(name => [name, learner.rows.get(name)]))
  const old = segmentsOf(learner).filter(name => numberOf(name) < learner.state.segments.first)
  expect(old.length).toBeGreaterThan(3)
  for (const name of old) {
    rows.delete(name)
    expect(entries(aMap({}, Object.fromEntries(rows)))).toEqual(expected)
  }
})

test('[PX25] what is on disk stays within a bound of what is there, however often it changes', () => {
  const learner = aMap({ flushKeys: 10 })
  for (let round = 0; round < 300; round++) {
    run(
      learner,
      ...Array.from({ length: 10 }, (_, at) => ({ key: `t/${(round * 7 + at) % 100}`, value: round })),
    )
    clean(learner)
    // Twice the keys and four flushes of changes before a sweep, half as many changes as keys and the keys during it.
    expect(learner.state.segments.entries).toBeLessThanOrEqual(2 * 100 + 4 * 10 + 150 + 30)
  }
  learner.restart()
  expect(learner.state.segments.entries).toBeLessThanOrEqual(420)
  expect(entries(learner)).toHaveLength(100)
})

test('[PX15] much is written over a bounded number of turns, and counts from the last one', () => {
  const learner = aMap({ flushKeys: 1, flushSlice: 10 })
  run(learner, ...Array.from({ length: 1_000 }, (_, at) => ({ key: `k${at}`, value: at })))
  expect(learner.rows.get('state')).toBeUndefined()
  run(learner, { key: 'later', value: 1 })
  let turns = 1
  for (; learner.state.flushing !== undefined; turns++) learner.timer('flush')
  expect(turns).toBe(32)
  expect(learner.rows.get('state')).toMatchObject({ applied: 1 })
  learner.restart()
  expect(entries(learner)).toHaveLength(1_000)
})

test('[PX25] segments are small: in entries, and in bytes unless one value is larger', () => {
  const learner = aMap({ flushKeys: 10, chunkBytes: 1_000 })
  const value = 'v'.repeat(300)
  run(
    learner,
    ...Array.from({ length: 1_000 }, (_, at) => ({ key: `k${at}`, value: at })),
    ...Array.from({ length: 7 }, (_, at) => ({ key: `large${at}`, value })),
    { key: 'larger', value: 'v'.repeat(5_000) },
  )
  const sizes = segmentsOf(learner).map(name => (learner.rows.get(name) as Uint8Array).byteLength)
  expect(sizes.filter(size => size > 1_000)).toHaveLength(1)
  expect(sizes.length).toBeGreaterThan(4)
  expect(sizes.length).toBeLessThan(60)
  learner.restart()
  expect(entries(learner)).toHaveLength(1_008)
})

test('[PX25] rows of single keys, as older versions wrote them, become segments at the start', () => {
  const state = { generation: 1, applied: 7, index: 9, timeMs: 5, digest: 77 }
  const older = { state, 'g1/t/a': 1, 'g1/b': { x: [2] }, 'g2/half': 'a snapshot that was not finished' }
  const learner = aMap({}, older)
  expect(entries(learner)).toEqual([
    ['b', { x: [2] }],
    ['t/a', 1],
  ])
  expect(learner.rows.keys()).toEqual(['seg1/000000000000', 'state'])
  run(learner, { key: 't/a', value: 2 })
  learner.restart()
  expect(learner.state.host).toMatchObject({ applied: 8, index: 10 })
  expect(entries(learner)).toEqual([
    ['b', { x: [2] }],
    ['t/a', 2],
  ])
})

test('[PX25] a kind that has a table now, or has none any more, keeps its rows', () => {
  const learner = aMap({})
  run(learner, { key: 't/a', value: 1 }, { key: 'u/a', value: 2 }, { key: 't/b', value: 3 }, { key: 't/b' })
  const rows = Object.fromEntries(learner.rows.keys().map(name => [name, learner.rows.get(name)]))
  for (const tables of [[], ['u'], ['t', 'u']]) {
    const other = aLearner({ ...mapMachine, tables } as StateMachine, rows) as unknown as Learner
    expect(entries(other)).toEqual([
      ['t/a', 1],
      ['u/a', 2],
    ])
  }
})
