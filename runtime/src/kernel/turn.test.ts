import { expect, test } from 'vitest'
import { actorId } from '../address.ts'
import { MemoryStorage } from '../storage/memory.ts'
import { StorageError } from '../storage/storage.ts'
import { at, n2, n3, probe, saver, testNode } from './kernel.fixture.ts'
import type { TurnReport } from './ports.ts'

test('[KN1] what a turn sends leaves after its commit', () => {
  const notes: string[] = []
  const log: unknown[] = []
  const node = testNode({
    observer: {
      note: (_actor, name) => notes.push(`${name} after ${log.length}`),
      turnEnded: report => log.push(report.turn),
    },
  })
  node.kernel.spawn(saver, 'x', undefined)
  const answers = node.ask(at('saver'), 'go')
  expect(node.log).toEqual([])
  node.kernel.turn()
  expect(node.log[0]).toEqual({ commit: 1 })
  expect(node.log[1]).toMatchObject({ peer: n2, envelopes: [{ message: 'saved' }] })
  expect(answers).toEqual([{ outcome: 'answered', result: 'saved' }])
  expect(notes).toEqual(['saved after 0'])
})

test('[KN1, KN6] when the commit fails nothing leaves, and the kernel is dead', () => {
  const storage = new MemoryStorage()
  const node = testNode({ storage })
  node.kernel.spawn(saver, 'x', undefined)
  const answers = node.ask(at('saver'), 'go')
  storage.failNextCommit('error')
  expect(() => node.kernel.turn()).toThrow(StorageError)
  expect(node.log).toEqual([])
  expect(answers).toEqual([])
  expect(() => node.kernel.turn()).toThrow('dead')
  expect(() => node.kernel.tell(at('saver'), 'x')).toThrow('dead')
  expect(() => node.kernel.nextTurnAt()).toThrow('dead')
})

test.each(['beforeCommit', 'afterCommit'] as const)(
  '[KN1, KN6] a crash point %s lets nothing leave',
  point => {
    const storage = new MemoryStorage()
    const node = testNode({
      storage,
      crashPoint: where => {
        if (where === point) throw new Error('crash')
      },
    })
    node.kernel.spawn(saver, 'x', undefined)
    node.kernel.tell(at('saver'), 'go')
    expect(() => node.kernel.turn()).toThrow('crash')
    expect(node.sent()).toEqual([])
    expect(storage.turn()).toBe(point === 'afterCommit' ? 1 : 0)
    expect(() => node.kernel.turn()).toThrow('dead')
  },
)

test('[KN2] a turn commits all its rows once, and a turn without rows not at all', () => {
  const reports: TurnReport[] = []
  const node = testNode({ observer: { turnEnded: report => reports.push(report) } })
  const idle = probe('idle')
  const keeper = probe('keeper', (event, out) => {
    if (event.kind === 'message') out.save(event.message, 1)
  })
  node.kernel.spawn(keeper, 'x', undefined)
  node.kernel.spawn(idle, 'x', undefined)
  for (const key of ['a', 'b', 'c']) node.kernel.tell(at('keeper'), key)
  node.settle()
  node.kernel.tell(at('idle'), 'nothing')
  node.settle()
  node.kernel.tell(at('keeper'), 'd')
  node.settle()
  expect(node.log).toEqual([{ commit: 1 }, { commit: 2 }])
  expect(reports.map(({ turn, writes, events }) => [turn, writes, events])).toEqual([
    [1, 3, 3],
    [1, 0, 1],
    [2, 1, 1],
  ])
  expect([...node.storage.rows(actorId('keeper', 'x')).entries()].map(([key]) => key)).toEqual([
    'a',
    'b',
    'c',
    'd',
  ])
})

test('[KN2] the sightings of the host go with the commit', () => {
  const seen = new Map([[n2, { incarnation: '1-b', turn: 7 }]])
  const node = testNode({ sightings: () => seen })
  node.kernel.spawn(saver, 'x', undefined)
  node.kernel.tell(at('saver'), 'go')
  node.kernel.turn()
  expect(node.storage.sightings()).toEqual(seen)
})

test('[KN3] an actor that throws loses the effects of that event only', () => {
  const node = testNode()
  const wobbly = probe('wobbly', (event, out) => {
    if (event.kind === 'timer') return
    const text = String('message' in event ? event.message : '')
    out.save(text, text)
    out.send(at('far', n2), text)
    out.setTimer(text, 50)
    if (event.kind === 'request') out.reply(event.request, text)
    if (text === 'bad') throw new Error('oops')
  })
  node.kernel.spawn(wobbly, 'x', undefined)
  node.kernel.tell(at('wobbly'), 'good')
  const answers = node.ask(at('wobbly'), 'bad')
  node.settle()
  expect(node.sent().map(envelope => envelope.message)).toEqual(['good'])
  expect([...node.storage.rows(actorId('wobbly', 'x')).entries()]).toEqual([['good', 'good']])
  expect(answers).toEqual([{ outcome: 'refused', reason: 'failed' }])
  node.advance(100)
  expect(node.kernel.state(actorId('wobbly', 'x'))).toEqual([])
})

test('[KN4] actors of one node talk within one turn, in order', () => {
  const node = testNode()
  const order: string[] = []
  const a = probe('a', (_event, out) => {
    out.send(at('b'), 'from a 1')
    out.send(at('c'), 'from a 2')
    out.send(at('b'), 'from a 3')
  })
  const b = probe('b', (event, out) => {
    order.push(`b: ${String('message' in event ? event.message : '')}`)
    out.send(at('c'), 'from b')
  })
  const c = probe('c', event => order.push(`c: ${String('message' in event ? event.message : '')}`))
  for (const type of [a, b, c]) node.kernel.spawn(type, 'x', undefined)
  node.kernel.tell(at('a'), 'go')
  node.kernel.turn()
  expect(order).toEqual(['b: from a 1', 'b: from a 3', 'c: from a 2', 'c: from b', 'c: from b'])
  expect(node.kernel.nextTurnAt()).toBe(Number.POSITIVE_INFINITY)
})

test('[KN4] local ping-pong cannot hold back a commit: the budget of events ends the turn', () => {
  const node = testNode({ limits: { turnEvents: 10 } })
  const pong = probe('pong', (_event, out) => {
    out.save('count', 1)
    out.send(at('pong'), 'again')
  })
  node.kernel.spawn(pong, 'x', undefined)
  node.kernel.tell(at('pong'), 'go')
  node.kernel.turn()
  expect(node.kernel.stats().events).toBe(10)
  expect(node.storage.turn()).toBe(1)
  expect(node.kernel.nextTurnAt()).toBe(Number.NEGATIVE_INFINITY)
})

test('[KN4] and so does the budget of time', () => {
  let ms = 0
  const node = testNode({ limits: { turnMs: 20 }, clock: () => ({ monotonicMs: ms, wallMs: ms }) })
  const slow = probe('slow', (_event, out) => {
    ms += 5
    out.send(at('slow'), 'again')
  })
  node.kernel.spawn(slow, 'x', undefined)
  node.kernel.tell(at('slow'), 'go')
  node.kernel.turn()
  // The clock is read every 16 events.
  expect(node.kernel.stats().events).toBe(16)
})

test('[KN5] messages for one peer leave in one piece, in order', () => {
  const node = testNode()
  const fan = probe('fan', (event, out) => {
    const text = String('message' in event ? event.message : '')
    out.send(at('far', n2), text)
    out.send(at('far', n3), text)
    out.send(at('near', n2), text)
  })
  node.kernel.spawn(fan, 'x', undefined)
  node.kernel.tell(at('fan'), '1')
  node.kernel.tell(at('fan'), '2')
  node.kernel.turn()
  const pieces = node.log.map(entry =>
    'peer' in entry ? [entry.peer, entry.envelopes.map(e => e.message)] : [],
  )
  expect(pieces).toEqual([
    [n2, ['1', '1', '2', '2']],
    [n3, ['1', '2']],
  ])
})

test('[KN6] a row that cannot be read is the trouble of the node, not of the actor', () => {
  const storage = new MemoryStorage()
  storage.commit(1, [{ actor: actorId('reader', 'x'), key: 'k', value: 'text' }])
  storage.flipBit(actorId('reader', 'x'), 'k')
  const node = testNode({ storage })
  const reader = probe('reader', () => {}, { begin: (_out, rows) => rows.get('k') })
  expect(() => node.kernel.spawn(reader, 'x', undefined)).toThrow(StorageError)
  expect(() => node.kernel.turn()).toThrow('dead')
})

test('[KN7] an observer that calls the kernel in the middle of a turn is refused', () => {
  const node = testNode({
    observer: { deadLetter: () => node.kernel.tell(at('a'), 'sorry') },
  })
  const a = probe('a', (_event, out) => out.send(at('nobody'), 'hello'))
  node.kernel.spawn(a, 'x', undefined)
  node.kernel.tell(at('a'), 'go')
  expect(() => node.kernel.turn()).toThrow('not called while actors handle events')
})

test('[KN7] whoever gets an answer may ask again at once', () => {
  const node = testNode()
  const echo = probe('echo', (event, out) => {
    if (event.kind === 'request') out.reply(event.request, event.message)
  })
  node.kernel.spawn(echo, 'x', undefined)
  const answers: unknown[] = []
  node.kernel.ask(at('echo'), 'one', 100, first => {
    answers.push(first)
    node.kernel.ask(at('echo'), 'two', 100, second => answers.push(second))
  })
  node.settle()
  expect(answers).toMatchObject([{ result: 'one' }, { result: 'two' }])
})

test('[KN8] an outbox that an actor kept does nothing later', () => {
  const node = testNode()
  let kept: (() => void) | undefined
  const keeper = probe('keeper', (_event, out) => {
    kept = () => out.send(at('far', n2), 'later')
  })
  node.kernel.spawn(keeper, 'x', undefined)
  node.kernel.tell(at('keeper'), 'go')
  node.settle()
  expect(() => kept?.()).toThrow('only inside the call')
  expect(node.sent()).toEqual([])
})

test('an actor cannot be started twice, unless it was stopped', () => {
  const node = testNode()
  node.kernel.spawn(probe('a'), 'x', undefined)
  expect(() => node.kernel.spawn(probe('a'), 'x', undefined)).toThrow('a/x is not there yet')
  node.kernel.stop(actorId('a', 'x'))
  node.kernel.spawn(probe('a'), 'x', undefined)
  node.kernel.tell(at('a'), 'hello')
  node.settle()
  expect(node.kernel.state(actorId('a', 'x'))).toEqual(['hello'])
})
