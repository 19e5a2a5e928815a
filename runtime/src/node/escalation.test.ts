import { expect, onTestFinished, test } from 'vitest'
import type { ActorType } from '../actor.ts'
import { NodeGivenUp } from '../kernel/life.ts'
import { until } from '../mesh/mesh.fixture.ts'
import { echo, echoOf, TestCluster } from './node.fixture.ts'

const broken: ActorType<null, unknown, undefined> = {
  type: 'broken',
  start() {
    throw new Error('out of order')
  },
  receive: () => {},
  describe: () => null,
}

/** A node with an actor that never starts, beside one that works. */
async function start(group: string | undefined) {
  const cluster = new TestCluster(1)
  onTestFinished(() => cluster.close())
  await cluster.listen()
  const [n1] = cluster.nodes
  if (n1 === undefined) throw new Error('one node')
  const steps: string[] = []
  const running = await cluster.start(n1, {
    actors: [
      { type: echo, name: 'a', config: undefined },
      { type: broken, name: 'b', config: undefined, group },
    ],
    observer: { escalated: (actor, _error, step) => steps.push(`${actor} ${step}`) },
  })
  await running.whenReady
  return { n1, running, steps }
}

test('[KN35] a node that is of no use without an actor ends by its fatal path', async () => {
  const { n1, running } = await start(undefined)
  await until(() => n1.fatal.length === 1, 'told')
  expect(n1.fatal[0]).toBeInstanceOf(NodeGivenUp)
  expect(n1.fatal[0]).toMatchObject({ message: 'broken/b failed too often: out of order' })
  expect(running.ready()).toBe(false)
})

test('[KN33] one whose actor belongs to a group goes on, and so do the others on it', async () => {
  const { n1, running, steps } = await start('g')
  await until(() => steps.length === 1, 'told')
  expect(steps).toEqual(['n1/broken/b groupRestarted'])
  const answer = await running.ask(echoOf(n1.node), { type: 'echo', text: 'here' }, 10_000)
  expect(answer).toEqual({ outcome: 'answered', result: 'here' })
  expect(n1.fatal).toEqual([])
})
