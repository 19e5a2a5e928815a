import { expect, test } from 'vitest'
import { assert, type Outbox } from '../actor.ts'
import { type ActorId, actorId } from '../address.ts'
import { at, n2, probe, testNode } from './kernel.fixture.ts'

const id: ActorId = actorId('frail', 'x')
const fragile = (event: { kind: string; message?: string }): void => {
  if (event.message === 'die') throw new Error('dead')
}

test('[KN24] a failed actor is rebuilt from its rows after a pause', () => {
  const node = testNode()
  const loaded: unknown[] = []
  const frail = probe(
    'frail',
    (event, out) => {
      if (event.kind === 'message') out.save(event.message, event.message)
      fragile(event)
    },
    { begin: (_out, rows) => loaded.push([...rows.entries()].map(([key]) => key)) },
  )
  node.kernel.spawn(frail, 'x', undefined)
  node.kernel.tell(at('frail'), 'a')
  node.kernel.tell(at('frail'), 'die')
  node.settle()
  expect(node.kernel.actors()).toMatchObject([{ status: 'backingOff', restarts: 1, lastError: 'dead' }])
  expect(node.kernel.nextTurnAt()).toBe(1_100)
  node.advance(100)
  expect(loaded).toEqual([[], ['a']])
  expect(node.kernel.actors()).toMatchObject([{ status: 'running', restarts: 1 }])
})

test('[KN24] rows of the turn that is not committed yet are seen: saved, replaced, erased, by range', () => {
  const node = testNode()
  node.storage.commit(1, [
    { actor: id, key: 'a', value: 'committed' },
    { actor: id, key: 'b', value: 'committed' },
    { actor: id, key: 'd', value: 'committed' },
    { actor: id, key: 'z', value: 'committed' },
  ])
  const writes = (out: Outbox): void => {
    out.save('a', 'new')
    out.save('c', 'new')
    out.erase({ from: 'b', to: 'z' })
    out.save('e', 'new')
    out.erase('z')
  }
  const loaded: unknown[] = []
  const frail = probe('frail', () => {}, {
    begin: (out, rows) => {
      loaded.push(
        [...rows.entries()],
        [...rows.entries({ from: 'b', to: 'f' })],
        rows.get('d'),
        rows.get('e'),
      )
      if (loaded.length === 4) writes(out)
    },
  })
  node.kernel.spawn(frail, 'x', undefined)
  node.kernel.stop(id)
  node.kernel.spawn(frail, 'x', undefined)
  expect(loaded.slice(4)).toEqual([
    [
      ['a', 'new'],
      ['e', 'new'],
    ],
    [['e', 'new']],
    undefined,
    'new',
  ])
  node.settle()
  expect([...node.storage.rows(id).entries()]).toEqual(loaded[4])
})

test('[KN24] the pause doubles from 100 ms', () => {
  const node = testNode()
  node.kernel.spawn(probe('frail', fragile), 'x', undefined)
  const pauses: number[] = []
  let now = 1_000
  for (let i = 0; i < 5; i++) {
    node.kernel.tell(at('frail'), 'die')
    node.settle()
    const due = node.kernel.nextTurnAt()
    pauses.push(due - now)
    now = due
    node.setClock(now)
    node.settle()
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1_600])
})

test('[KN24] an actor whose start fails is started again', () => {
  const node = testNode()
  let attempts = 0
  const slowStarter = probe('frail', () => {}, {
    begin: out => {
      out.send(at('far', n2), `attempt ${attempts}`)
      if (attempts++ < 2) throw new Error('not yet')
    },
  })
  node.kernel.spawn(slowStarter, 'x', undefined)
  expect(node.wakes.count).toBe(1)
  node.kernel.tell(at('frail'), 'm')
  node.advance(100)
  node.advance(200)
  expect(node.kernel.state(id)).toEqual(['m'])
  expect(node.sent().map(envelope => envelope.message)).toEqual(['attempt 2'])
})

test('[KN25] while it is down its messages wait and its timers are gone', () => {
  const node = testNode()
  const frail = probe('frail', (event, out) => {
    if (event.kind === 'message') out.setTimer(event.message, 10)
    fragile(event)
  })
  node.kernel.spawn(frail, 'x', undefined)
  for (const message of ['a', 'die', 'b']) node.kernel.tell(at('frail'), message)
  const answers = node.ask(at('frail'), 'c', 50)
  node.settle()
  node.advance(50)
  expect(answers).toEqual([{ outcome: 'timeout' }])
  expect(node.kernel.actors()).toMatchObject([{ status: 'backingOff', mailbox: 2 }])
  node.advance(50)
  expect(node.kernel.state(id)).toEqual(['b', '?c'])
  node.advance(10)
  expect(node.kernel.state(id)).toEqual(['b', '?c', '@b'])
})

test('[KN26] failures that are far apart are forgiven', () => {
  const node = testNode()
  node.kernel.spawn(probe('frail', fragile), 'x', undefined)
  for (let i = 0; i < 30; i++) {
    node.kernel.tell(at('frail'), 'die')
    node.settle()
    node.advance(30_000)
  }
  expect(node.kernel.actors()).toMatchObject([{ status: 'running', restarts: 30 }])
})

test('[KN25] an actor that is stopped while it is down stays stopped', () => {
  const node = testNode()
  node.kernel.spawn(probe('frail', fragile), 'x', undefined)
  node.kernel.tell(at('frail'), 'die')
  node.settle()
  node.kernel.stop(id)
  node.advance(60_000)
  expect(node.kernel.actors()).toMatchObject([{ status: 'stopped' }])
})

test('[KN27] a broken invariant is a failure of the event that broke it', () => {
  const node = testNode()
  const checked = probe('frail', (_event, out) => out.send(at('far', n2), 'm'), {
    check: seen => assert(seen.length < 2, 'at most one message'),
  })
  node.kernel.spawn(checked, 'x', undefined)
  node.kernel.tell(at('frail'), 'one')
  node.kernel.tell(at('frail'), 'two')
  node.settle()
  expect(node.sent()).toHaveLength(1)
  expect(node.kernel.actors()).toMatchObject([{ status: 'backingOff', lastError: 'at most one message' }])
})

test('[KN27] in production it is checked now and then', () => {
  const node = testNode({ freeze: false })
  let checks = 0
  const counting = probe('frail', () => {}, { check: () => checks++ })
  node.kernel.spawn(counting, 'x', undefined)
  for (let i = 0; i < 3_000; i++) node.kernel.tell(at('frail'), 'm')
  node.settle()
  expect(checks).toBe(2)
})

test('anything may be thrown', () => {
  const node = testNode()
  const odd = probe('frail', () => {
    throw undefined
  })
  node.kernel.spawn(odd, 'x', undefined)
  node.kernel.tell(at('frail'), 'm')
  node.settle()
  expect(node.kernel.actors()).toMatchObject([{ status: 'backingOff', lastError: 'undefined' }])
})
