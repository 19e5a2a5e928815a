import type { RunningNode } from '@synod/runtime/host'
import { expect, test } from 'vitest'
import { Recovering } from './recovering.ts'

/** A node with actors that show this state. */
function nodeWith(amnesiac: boolean, states: Record<string, object>) {
  let looks = 0
  const kernel = {
    actors: () => Object.keys(states).map(id => ({ id, type: id.split('/')[0] })),
    inspect: (id: string) => {
      looks++
      return { state: states[id] }
    },
  }
  const node = { kernel, identity: { incarnation: '2-x', amnesiac } } as unknown as RunningNode
  return { node, looks: () => looks }
}

test('a node that lost its memory recovers in the groups whose acceptor here has no vote', () => {
  const states = {
    'acceptor/kv.0': { votes: false },
    'acceptor/orders.0': { votes: true },
    'learner/kv.0': {},
  }
  const { node } = nodeWith(true, states)
  const recovering = new Recovering(node)
  expect(recovering.groups()).toEqual(['kv.0'])
  states['acceptor/kv.0'].votes = true
  expect(recovering.groups()).toEqual([])
})

test('who votes everywhere, or never lost its memory, is not looked at again', () => {
  const voting = nodeWith(true, { 'acceptor/kv.0': { votes: true } })
  const recovering = new Recovering(voting.node)
  for (let times = 0; times < 3; times++) expect(recovering.groups()).toEqual([])
  expect(voting.looks()).toBe(1)
  const whole = nodeWith(false, { 'acceptor/kv.0': { votes: false } })
  expect(new Recovering(whole.node).groups()).toEqual([])
  expect(whole.looks()).toBe(0)
})
