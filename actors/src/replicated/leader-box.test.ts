import { address, nodeId } from '@synod/runtime/protocol'
import { TestOutbox } from '@synod/runtime/simulation'
import { expect, test } from 'vitest'
import { LeaderBox, leaderTimer } from './leader-box.ts'

test('[RM6] timers have a name space of their own, and all go at once', () => {
  const out = new TestOutbox()
  const timers = new Set<string>()
  const box = new LeaderBox(out, timers)
  box.setTimer('retry', 10)
  box.setTimer('expire', 20)
  box.cancelTimer('retry')
  out.setTimer('tick', 5)
  expect([...out.armed.keys()].map(leaderTimer)).toEqual(['expire', undefined])
  box.cancelAllTimers()
  expect([...out.armed.keys()]).toEqual(['tick'])
  expect(timers.size).toBe(0)
})

test('[RM6] proposals and tokens are gathered, everything else passes through', () => {
  const out = new TestOutbox()
  const box = new LeaderBox(out, new Set())
  box.propose('a')
  box.confirm(7)
  box.send(address(nodeId('n2'), 'x', 'y'), 'hello')
  box.reply({ node: nodeId('n1'), id: 3 }, 'done')
  box.note('noted', { at: 1 })
  expect([box.commands, box.tokens]).toEqual([['a'], [7]])
  expect(out.take()).toMatchObject({
    sent: [{ message: 'hello' }],
    replies: [{ result: 'done' }],
    notes: [{ name: 'noted' }],
  })
})
