import { expect, test } from 'vitest'
import type { Request } from '../actor.ts'
import { type Address, actorId } from '../address.ts'
import { at, n1, n2, probe, testNode } from './kernel.fixture.ts'
import type { Answer, Envelope } from './ports.ts'

const echo = probe('echo', (event, out) => {
  if (event.kind === 'request') out.reply(event.request, `${event.message}!`)
})
const silent = probe('silent')
const outside = '' as Address

test('[KN19] a request to an actor of this node is answered once', () => {
  const node = testNode()
  node.kernel.spawn(echo, 'x', undefined)
  const answers = node.ask(at('echo'), 'hi')
  node.settle()
  expect(node.kernel.nextTurnAt()).toBe(Number.POSITIVE_INFINITY)
  node.advance(10_000)
  expect(answers).toEqual([{ outcome: 'answered', result: 'hi!' }])
  expect(node.kernel.stats().pendingRequests).toBe(0)
})

test('[KN19] a request to a peer leaves, and its answer comes back', () => {
  const asker = testNode()
  const answerer = testNode({ node: n2 })
  answerer.kernel.spawn(echo, 'x', undefined)
  const answers = asker.ask(at('echo', n2), 'hi')
  asker.settle()
  answerer.kernel.receive(n1, asker.sent())
  answerer.settle()
  expect(answerer.sent()).toMatchObject([{ isReply: true, from: 'n2/echo/x' }])
  asker.kernel.receive(n2, answerer.sent())
  asker.settle()
  expect(answers).toEqual([{ outcome: 'answered', result: 'hi!' }])
})

test('[KN19] an answer that does not come is a timeout, at the deadline and not before', () => {
  const node = testNode()
  node.kernel.spawn(silent, 'x', undefined)
  const local = node.ask(at('silent'), 'hi', 100)
  const remote = node.ask(at('echo', n2), 'hi', 200)
  node.settle()
  expect(node.kernel.nextTurnAt()).toBe(1_100)
  node.advance(99)
  expect(local).toEqual([])
  node.advance(1)
  expect(local).toEqual([{ outcome: 'timeout' }])
  expect(remote).toEqual([])
  node.advance(100)
  expect(remote).toEqual([{ outcome: 'timeout' }])
})

test('[KN20] requests to nobody, to the stopped and to the full are refused, from here and from a peer', () => {
  const node = testNode()
  node.kernel.spawn(silent, 'x', undefined)
  node.kernel.stop(actorId('silent', 'x'))
  node.kernel.spawn(
    probe('full', () => {}, { mailboxLimit: 0 }),
    'x',
    undefined,
  )
  const targets = [at('nobody'), at('silent'), at('full')]
  const answers = targets.flatMap(to => [node.ask(to, 'hi')])
  node.kernel.receive(
    n2,
    targets.map((to, id): Envelope => ({ to, from: outside, message: 'hi', request: { node: n2, id } })),
  )
  node.settle()
  const refused = (['no such actor', 'stopped', 'overloaded'] as const).map(
    (reason): Answer => ({ outcome: 'refused', reason }),
  )
  expect(answers.flat()).toEqual(refused)
  expect(node.sent().map(({ message, request, isReply }) => [message, request?.id, isReply])).toEqual(
    refused.map((answer, id) => [answer, id, true]),
  )
})

test.each([
  ['the mailbox', silent],
  ['the urgent lane', probe('silent', () => {}, { urgent: () => true })],
])('[KN20] what waits in %s of an actor when it stops is refused', (_, type) => {
  const node = testNode()
  node.kernel.spawn(type, 'x', undefined)
  const answers = node.ask(at('silent'), 'hi')
  node.kernel.receive(n2, [{ to: at('silent'), from: outside, message: 'hi', request: { node: n2, id: 7 } }])
  node.kernel.stop(actorId('silent', 'x'))
  node.settle()
  expect(answers).toEqual([{ outcome: 'refused', reason: 'stopped' }])
  expect(node.sent()).toMatchObject([
    { message: { outcome: 'refused', reason: 'stopped' }, request: { id: 7 } },
  ])
})

test('[KN20] a request whose handling throws is refused', () => {
  const node = testNode()
  const frail = probe('frail', () => {
    throw new Error('oops')
  })
  node.kernel.spawn(frail, 'x', undefined)
  const answers = node.ask(at('frail'), 'hi')
  node.settle()
  expect(answers).toEqual([{ outcome: 'refused', reason: 'failed' }])
})

test('[KN21] a late or a second reply changes nothing and is a dead letter', () => {
  const node = testNode()
  const slow = probe('slow', (event, out, seen) => {
    if (event.kind === 'request') Reflect.set(seen, 'waiting', event.request)
    else for (let i = 0; i < 2; i++) out.reply(Reflect.get(seen, 'waiting') as Request, 'at last')
  })
  node.kernel.spawn(slow, 'x', undefined)
  const late = node.ask(at('slow'), 'hi', 50)
  node.settle()
  node.advance(50)
  node.kernel.tell(at('slow'), 'answer')
  node.settle()
  expect(late).toEqual([{ outcome: 'timeout' }])
  expect(node.kernel.deadLetters().counts['late reply']).toBe(2)
  const inTime = node.ask(at('slow'), 'hi', 50)
  node.kernel.tell(at('slow'), 'answer')
  node.settle()
  expect(inTime).toEqual([{ outcome: 'answered', result: 'at last' }])
  expect(node.kernel.deadLetters().counts['late reply']).toBe(3)
})

test('[KN22] a reply to an earlier life of the node answers nothing of this life', () => {
  const before = testNode({ random: () => 0.25 })
  before.ask(at('echo', n2), 'old question')
  before.settle()
  const request = before.sent()[0]?.request
  if (request === undefined) throw new Error('the request did not leave')
  const after = testNode({ random: () => 0.75 })
  const answers = after.ask(at('echo', n2), 'new question')
  after.settle()
  const stale: Answer = { outcome: 'answered', result: 'to the old question' }
  after.kernel.receive(n2, [
    { to: at('kernel'), from: at('echo', n2), message: stale, request, isReply: true },
  ])
  after.settle()
  expect(answers).toEqual([])
  expect(after.kernel.deadLetters().counts['late reply']).toBe(1)
})

test('[KN23] requests that wait for answers are bounded', () => {
  const node = testNode({ limits: { requests: 2 } })
  const answers = [1, 2, 3].map(() => node.ask(at('echo', n2), 'hi', 100))
  node.settle()
  expect(answers).toEqual([[], [], [{ outcome: 'refused', reason: 'overloaded' }]])
  node.advance(100)
  expect(answers.flat()).toHaveLength(3)
  node.ask(at('echo', n2), 'hi', 100)
  node.settle()
  expect(node.kernel.stats().pendingRequests).toBe(1)
})

test('a request without a time-out is refused to the caller', () => {
  const node = testNode()
  expect(() => node.ask(at('echo'), 'hi', Number.NaN)).toThrow('time-out')
})
