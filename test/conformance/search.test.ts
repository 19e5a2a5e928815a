/** Small searches of the protocols, complete to a depth that takes seconds; and bugs that they must find. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { search } from '@synod/runtime/simulation'
import { describe, expect, test } from 'vitest'
import { searched } from '../../cluster/src/cli/verbs/sim.ts'
import { commitModel, conflictModel } from '../simulation/search/commit-model.ts'
import { models } from '../simulation/search/models.ts'
import { paxosModel } from '../simulation/search/paxos-model.ts'

const states = 200_000
/** They take some seconds, and a busy machine may take longer. */
const timeout = 90_000

test('[PX1, PX2, PX5, PX6, PX9] Paxos with 3 acceptors, 2 proposers and 1 crash', { timeout }, () => {
  const { broken, missed, depth } = search(paxosModel(), { depth: 6, states })
  expect({ broken, missed, depth }).toEqual({ broken: undefined, missed: [], depth: 6 })
})

test('[TX2, TX4, TX5, TX7, TX9, TX14] two-phase commit over 3 groups, 1 crash, 1 copy', { timeout }, () => {
  const { broken, missed, settled, depth } = search(commitModel(), { depth: 6, states })
  expect({ broken, missed, depth }).toEqual({
    broken: undefined,
    missed: ['everybody has committed'],
    depth: 6,
  })
  expect(settled).toBeGreaterThan(150)
})

test('[TX2, TX5, TX7, TX8, TX9] a commit of 3 groups to its end, 1 crash', { timeout }, () => {
  const model = commitModel()
  // Without copies, and with one silence, so that the last participant's finish is within reach.
  const timers = { ...model.bounds.timers, 'learner leader/tick': 1 }
  const bounds = { ...model.bounds, copies: 0, timers }
  const { broken, missed, settled, depth } = search({ ...model, bounds }, { depth: 8, states })
  expect({ broken, missed, depth }).toEqual({
    broken: undefined,
    missed: ['an abort overtakes its prepare', 'the client is told that nothing happened'],
    depth: 8,
  })
  expect(settled).toBeGreaterThan(20)
})

test('[TX4, TX12, TX13] two transactions in each other’s way', { timeout }, () => {
  const { broken, missed, settled, depth } = search(conflictModel(), { depth: 8, states })
  expect({ broken, missed, depth }).toEqual({ broken: undefined, missed: [], depth: 8 })
  expect(settled).toBeGreaterThan(70)
})

test('[TX4, TX12] two transactions in each other’s way, with 1 crash', { timeout }, () => {
  const model = conflictModel()
  const bounds = { ...model.bounds, crashes: 1 }
  const { broken, reached, settled } = search({ ...model, bounds }, { depth: 5, states })
  expect(broken).toBeUndefined()
  expect([...reached.keys()]).toContain('an older one wounds a younger')
  expect(settled).toBeGreaterThan(20)
})

/** Model, bug: what is broken then, and the fewest steps to it; where it shows in the end, some state is enough. */
const planted = [
  ['paxos', 'roundNotSaved', 'PX1 a round is durable before it is used', 1],
  ['paxos', 'promiseNotSaved', 'PX2 a promise never goes back', 1],
  ['paxos', 'quorumOneShort', 'PX9 what is vouched for is chosen', 0],
  ['paxos', 'promisesIgnored', 'PX6 one value is chosen in a slot', 6],
  ['commit', 'abortWithoutTombstone', 'TX7 an aborted attempt is not prepared again', 6],
  ['commit', 'abortNotRecorded', 'TX14 answers stay true', undefined],
  ['commit', 'commitHeardAsAbort', 'TX4 TX5 all or nothing', undefined],
] as const

describe('planted bugs are found, by a shortest way', () => {
  test.each(planted)('%s: %s', { timeout }, (name, bug, rule, steps) => {
    const model = models.find(one => one.name === name)?.build(bug)
    const broken = model && search(model, { depth: 6, states }).broken
    expect(broken).toMatchObject({ rule })
    expect(broken?.way.length).toBe(steps ?? broken?.way.length)
  })
})

const command = fileURLToPath(new URL('../simulation/search.ts', import.meta.url))
const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [command, ...args], { encoding: 'utf8', timeout })

describe('the command', () => {
  test('prints how much was looked at', { timeout }, () => {
    const { stdout, status } = run('--model', 'paxos', '--depth', '3')
    expect(stdout).toMatch(/^ {2}\d+ states, \d+ steps, \d+ turns, complete to depth 3, /m)
    expect(stdout).toContain('sometimes: ')
    expect(stdout).toContain('NEVER to this depth: a second slot is chosen')
    expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '1 passed, 0 failed'])
  })

  test('tells what breaks a rule, step by step', { timeout }, () => {
    const { stdout, status } = run('--model', 'paxos', '--planted', 'promiseNotSaved', '--rule', 'PX6')
    expect(stdout).toContain('BROKEN n2/acceptor/g throws: PX3')
    expect(stdout).toContain('  1  n3 gets prepare {"ballot":"1.n2","from":1} from n2/proposer/g')
    expect(status).toBe(1)
  })

  test.each([
    [[], 'there are paxos, commit, conflict'],
    [['--model', 'paxos', '--depth', 'x'], 'a whole number is needed'],
    [['--model', 'paxos', '--planted', 'nope'], 'has no planted bug nope'],
    [['--model', 'paxos', '--rule', 'XX1'], 'PX2 a promise never goes back'],
    [['--wrong'], '--wrong'],
  ])('refuses %j', { timeout }, (args, message) => {
    const { stderr, status } = run(...args)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
  })
})

test('the command line knows the models that can be searched', () => {
  expect(searched).toEqual(models.map(({ name }) => name))
})
