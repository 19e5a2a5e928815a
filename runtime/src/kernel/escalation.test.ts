import { expect, test } from 'vitest'
import { type ActorId, actorId } from '../address.ts'
import { at, probe, type TestNode, testNode } from './kernel.fixture.ts'
import { NodeGivenUp } from './life.ts'
import type { KernelPorts } from './ports.ts'

const fragile = (event: { kind: string; message?: string }): void => {
  if (event.message === 'die') throw new Error('dead')
}

/** Two actors of the group `g`, `frail` and `mate`, and what was told of their end. */
function group(more: Partial<KernelPorts> = {}) {
  const told: string[] = []
  const starts: string[] = []
  const node = testNode({
    observer: { escalated: (actor, error, step) => told.push(`${actor} ${error.message}: ${step}`) },
    ...more,
  })
  const spawn = (type: string, group?: string): void => {
    const begin = () => starts.push(type)
    node.kernel.spawn(probe(type, fragile, { begin }), 'x', undefined, group)
  }
  spawn('frail', 'g')
  spawn('mate', 'g')
  return { node, told, starts, spawn }
}

/** Lets it fail until it escalates: six times. */
function exhaust(node: TestNode, type = 'frail'): void {
  for (let failures = 0; failures < 6; failures++) {
    node.advance(1_600)
    node.kernel.tell(at(type), 'die')
    node.settle()
  }
}

const statuses = (node: TestNode) => node.kernel.actors().map(({ status }) => status)

test('[KN26] the sixth failure within the window escalates, and the observer is told', () => {
  const { node, told } = group()
  for (let i = 0; i < 10; i++) node.kernel.tell(at('frail'), 'die')
  node.settle()
  for (const pauseMs of [100, 200, 400, 800]) node.advance(pauseMs)
  expect(told).toEqual([])
  node.advance(1_600)
  expect(told).toEqual(['n1/frail/x dead: groupRestarted'])
})

test('[KN33] the whole group is rebuilt together: nobody handles anything until all are', () => {
  const { node, starts } = group()
  node.kernel.tell(at('mate'), 'before')
  exhaust(node)
  expect(statuses(node)).toEqual(['backingOff', 'backingOff'])
  starts.length = 0
  node.kernel.tell(at('mate'), 'after')
  node.advance(999)
  expect(node.kernel.actors()[1]?.mailbox).toBe(1)
  node.advance(1)
  expect(starts).toEqual(['frail', 'mate'])
  expect(node.kernel.state(actorId('mate', 'x'))).toEqual(['after'])
  expect(statuses(node)).toEqual(['running', 'running'])
})

test('[KN33] timers of the whole group are gone, and its failures are forgiven', () => {
  const { node, told } = group()
  node.kernel.spawn(
    probe('clock', (event, out) => {
      if (event.kind === 'message') out.setTimer('t', 10_000)
    }),
    'x',
    undefined,
    'g',
  )
  node.kernel.tell(at('clock'), 'set')
  exhaust(node)
  node.advance(20_000)
  expect(node.kernel.state(actorId('clock', 'x'))).toEqual([])
  for (let failures = 0; failures < 5; failures++) {
    node.kernel.tell(at('frail'), 'die')
    node.advance(1_600)
  }
  expect(told).toHaveLength(1)
})

test('[KN34] the third time the group is stopped as a whole, and what comes for it refused', () => {
  const { node, told } = group()
  node.kernel.spawn(probe('other'), 'x', undefined, 'h')
  for (let times = 0; times < 3; times++) exhaust(node)
  expect(told.map(line => line.split(': ')[1])).toEqual(['groupRestarted', 'groupRestarted', 'groupStopped'])
  expect(statuses(node)).toEqual(['stopped', 'stopped', 'running'])
  expect(node.kernel.actors().map(({ lastError }) => lastError)).toEqual([
    'dead',
    'stopped with frail/x',
    undefined,
  ])
  const answers = node.ask(at('mate'), 'm')
  node.settle()
  expect(answers).toEqual([{ outcome: 'refused', reason: 'stopped' }])
  node.advance(600_000)
  expect(statuses(node)).toEqual(['stopped', 'stopped', 'running'])
  expect(node.kernel.nextTurnAt()).toBe(Number.POSITIVE_INFINITY)
})

test('[KN34] an actor of the group that the host had stopped stays so', () => {
  const { node } = group()
  const mate: ActorId = actorId('mate', 'x')
  node.kernel.stop(mate)
  exhaust(node)
  node.advance(1_000)
  expect(statuses(node)).toEqual(['running', 'stopped'])
})

test('[KN34] rebuilds that are long ago are forgiven', () => {
  const { node, told } = group()
  for (let i = 0; i < 4; i++) {
    exhaust(node)
    node.advance(400_000)
  }
  expect(told).toEqual(Array(4).fill('n1/frail/x dead: groupRestarted'))
})

test('[KN35] without an actor that has no group the node ends: the kernel is dead, the turn lost', () => {
  const { node, told, spawn } = group()
  spawn('alone')
  for (let failures = 0; failures < 5; failures++) {
    node.kernel.tell(at('alone'), 'die')
    node.settle()
    node.advance(1_600)
  }
  node.kernel.tell(at('alone'), 'die')
  expect(() => node.kernel.turn()).toThrow(NodeGivenUp)
  expect(told).toEqual(['n1/alone/x dead: nodeEnds'])
  expect(() => node.kernel.turn()).toThrow('this kernel is dead')
})

test('[KN35] more stopped groups than tolerated end the node, unless they are far apart', () => {
  const stopped = (pauseMs: number): string => {
    const { node, told, spawn } = group({ limits: { stoppedGroups: 1 } })
    spawn('other', 'h')
    try {
      for (const type of ['frail', 'other']) {
        for (let times = 0; times < 3; times++) exhaust(node, type)
        node.advance(pauseMs)
      }
    } catch (error) {
      expect(error).toMatchObject({ name: 'NodeGivenUp', message: 'other/x failed too often: dead' })
    }
    return told.at(-1) ?? ''
  }
  expect(stopped(0)).toBe('n1/other/x dead: nodeEnds')
  expect(stopped(600_000)).toBe('n1/other/x dead: groupStopped')
})
