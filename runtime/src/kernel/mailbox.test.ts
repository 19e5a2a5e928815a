import { expect, test } from 'vitest'
import { type ActorId, actorId } from '../address.ts'
import { at, n2, probe, testNode } from './kernel.fixture.ts'
import type { DeadLetterReason, Envelope } from './ports.ts'

const urgent = (message: string): boolean => message.startsWith('!')
const id = (type: string): ActorId => actorId(type, 'x')

test('[KN11] a flooded actor does not starve another', () => {
  const node = testNode()
  const order: string[] = []
  node.kernel.spawn(
    probe('flooded', () => order.push('flooded')),
    'x',
    undefined,
  )
  node.kernel.spawn(
    probe('quiet', () => order.push('quiet')),
    'x',
    undefined,
  )
  for (let i = 0; i < 1_000; i++) node.kernel.tell(at('flooded'), 'm')
  node.kernel.tell(at('quiet'), 'm')
  node.kernel.turn()
  expect(order).toHaveLength(1_001)
  expect(order.indexOf('quiet')).toBeLessThan(20)
})

test('[KN12] urgent messages go first, then due timers, then the rest', () => {
  const node = testNode()
  const order: string[] = []
  const note = probe('note', event => order.push(event.kind === 'message' ? event.message : event.kind), {
    urgent,
    begin: out => out.setTimer('t', 10),
  })
  node.kernel.spawn(note, 'x', undefined)
  node.settle()
  for (const message of ['1', '2', '!3', '!4']) node.kernel.tell(at('note'), message)
  node.advance(10)
  expect(order).toEqual(['!3', '!4', 'timer', '1', '2'])
})

test('[KN12] urgent messages that never end leave a quarter of the turn to the rest', () => {
  const node = testNode({ limits: { turnEvents: 100 } })
  const pong = probe('pong', (_event, out) => out.send(at('pong'), '!again'), { urgent })
  node.kernel.spawn(pong, 'x', undefined)
  node.kernel.spawn(probe('other'), 'x', undefined)
  node.kernel.tell(at('pong'), '!go')
  for (let i = 0; i < 50; i++) node.kernel.tell(at('other'), 'm')
  node.kernel.turn()
  expect(node.kernel.state(id('other'))).toHaveLength(25)
})

test('a message that breaks `urgent` is handled, and fails, like any other', () => {
  const node = testNode()
  const strict = probe('strict', () => {}, {
    urgent: () => {
      throw new Error('not my message')
    },
  })
  node.kernel.spawn(strict, 'x', undefined)
  node.kernel.tell(at('strict'), 'm')
  node.settle()
  expect(node.kernel.state(id('strict'))).toEqual(['m'])
})

test('[KN13] a mailbox is bounded, urgent messages have their own allowance', () => {
  const lost: [unknown, DeadLetterReason][] = []
  const node = testNode({
    observer: { deadLetter: (envelope, reason) => lost.push([envelope.message, reason]) },
  })
  node.kernel.spawn(
    probe('small', () => {}, { mailboxLimit: 2, urgent }),
    'x',
    undefined,
  )
  for (const message of ['1', '2', '3', '!4', '!5', '!6']) node.kernel.tell(at('small'), message)
  const answers = node.ask(at('small'), '7')
  node.settle()
  expect(node.kernel.state(id('small'))).toEqual(['!4', '!5', '1', '2'])
  expect(lost).toEqual([
    ['3', 'overloaded'],
    ['!6', 'overloaded'],
    ['7', 'overloaded'],
  ])
  expect(answers).toEqual([{ outcome: 'refused', reason: 'overloaded' }])
  expect(node.kernel.deadLetters().counts.overloaded).toBe(3)
})

test('[KN13] the limit of the node holds where a type has none', () => {
  const node = testNode({ limits: { mailbox: 3 } })
  const flood = probe('flood', (_event, out) => {
    for (let i = 0; i < 5; i++) out.send(at('target'), 'm')
  })
  node.kernel.spawn(flood, 'x', undefined)
  node.kernel.spawn(probe('target'), 'x', undefined)
  node.kernel.tell(at('flood'), 'go')
  node.settle()
  expect(node.kernel.state(id('target'))).toHaveLength(3)
  expect(node.kernel.deadLetters().counts.overloaded).toBe(2)
})

test('[KN14] what cannot be delivered is counted and shown with its reason', () => {
  const node = testNode()
  node.kernel.spawn(probe('a'), 'x', undefined)
  node.kernel.tell(at('a'), 'waits')
  node.kernel.stop(id('a'))
  node.kernel.tell(at('a'), 'too late')
  node.kernel.tell(at('nobody'), { type: 'hello' })
  node.kernel.receive(n2, [{ to: at('nobody'), from: at('b', n2), message: 'm' }])
  const lost: Envelope = { to: at('b', n2), from: at('a'), message: 'm' }
  node.kernel.deadLetter(lost, 'unreachable')
  const { counts, recent } = node.kernel.deadLetters()
  expect(counts).toMatchObject({ stopped: 2, 'no such actor': 2, unreachable: 1 })
  expect(recent.map(letter => letter.reason)).toEqual([
    'stopped',
    'stopped',
    'no such actor',
    'no such actor',
    'unreachable',
  ])
  expect(recent[2]).toMatchObject({ to: 'n1/nobody/x', messageType: 'hello', kind: 'message' })
})

test('[KN14] only the latest dead letters are kept, all are counted', () => {
  const node = testNode()
  for (let i = 0; i < 1_000; i++) node.kernel.tell(at(`nobody${i}`), 'm')
  const { counts, recent } = node.kernel.deadLetters()
  expect(counts['no such actor']).toBe(1_000)
  expect(recent).toHaveLength(256)
  expect(recent.at(-1)?.to).toBe('n1/nobody999/x')
})

test('[KN15] hints about peers go to those who want them', () => {
  const node = testNode()
  node.kernel.spawn(
    probe('watcher', () => {}, { observesPeers: true }),
    'x',
    undefined,
  )
  node.kernel.spawn(probe('other'), 'x', undefined)
  node.kernel.peer(n2, true)
  node.kernel.peer(n2, false)
  node.settle()
  expect(node.kernel.state(id('watcher'))).toEqual(['n2 up', 'n2 down'])
  expect(node.kernel.state(id('other'))).toEqual([])
})

test('[KN16] an actor that the host activates finds the message it was activated for', () => {
  const born = probe('born', () => {}, { begin: out => out.save('born', true) })
  const node = testNode({
    activate: actor =>
      actor.startsWith('born/')
        ? { type: born, name: actor.slice('born/'.length), config: undefined }
        : undefined,
  })
  node.kernel.tell(at('born'), 'hello')
  expect(node.wakes.count).toBe(1)
  expect(node.kernel.actors()).toMatchObject([{ id: 'born/x', mailbox: 1 }])
  node.settle()
  expect(node.kernel.state(id('born'))).toEqual(['hello'])
  expect(node.storage.rows(id('born')).get('born')).toBe(true)
  expect(node.ask(at('never'), 'm')).toEqual([])
  node.settle()
  expect(node.kernel.deadLetters().counts['no such actor']).toBe(1)
})

test('[KN16] also when an actor of the node speaks to it, and when it is asked', () => {
  const born = probe('born', (event, out) => {
    if (event.kind === 'request') out.reply(event.request, 'here')
  })
  const node = testNode({
    activate: actor => ({ type: born, name: actor.slice('born/'.length), config: undefined }),
  })
  const sender = probe('sender', (_event, out) => out.send(at('born'), 'hello'))
  node.kernel.spawn(sender, 'x', undefined)
  node.kernel.tell(at('sender'), 'go')
  node.settle()
  const answers = node.ask(at('born'), 'who')
  node.settle()
  expect(node.kernel.state(id('born'))).toEqual(['hello', '?who'])
  expect(answers).toEqual([{ outcome: 'answered', result: 'here' }])
})

test('an actor can be looked at: summary, state, timers, rows', () => {
  const node = testNode()
  const shown = probe('shown', (_event, out) => out.save('k', 1), { begin: out => out.setTimer('t', 500) })
  node.kernel.spawn(shown, 'x', undefined)
  node.kernel.tell(at('shown'), 'm')
  node.settle()
  node.setClock(1_100)
  expect(node.kernel.inspect(id('shown'))).toEqual({
    summary: {
      id: 'shown/x',
      type: 'shown',
      status: 'running',
      mailbox: 0,
      handled: 1,
      restarts: 0,
      lastError: undefined,
    },
    state: ['m'],
    timers: [{ name: 't', dueInMs: 400 }],
    rowsCount: 1,
  })
  expect(node.kernel.inspect(id('nobody'))).toBeUndefined()
})
