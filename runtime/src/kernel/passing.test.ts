import { expect, test } from 'vitest'
import type { ActorType } from '../actor.ts'
import { type Address, actorId } from '../address.ts'
import { deepFreeze } from './freeze.ts'
import { at, n2, probe, testNode } from './kernel.fixture.ts'

test('[KN28] what was passed on cannot be changed any more', () => {
  const node = testNode()
  const failures: string[] = []
  const passing = (pass: (value: { list: number[] }) => void): void => {
    const value = { list: [1] }
    pass(value)
    try {
      value.list.push(2)
    } catch (error) {
      failures.push(String(error))
    }
  }
  const sloppy = probe('sloppy', (event, out) => {
    passing(value => out.send(at('far', n2), value))
    passing(value => out.save('k', value))
    if (event.kind === 'request') passing(value => out.reply(event.request, value))
  })
  node.kernel.spawn(sloppy, 'x', undefined)
  node.ask(at('sloppy'), 'go')
  node.settle()
  expect(failures).toHaveLength(3)
  expect(failures[0]).toContain('not extensible')
})

test('[KN28] what comes from outside is frozen as well, also in maps and sets; bytes stay as they are', () => {
  const inner = { a: 1 }
  const message = { map: new Map([['k', inner]]), set: new Set([{ b: 1 }]), bytes: new Uint8Array([1]) }
  const node = testNode()
  node.kernel.spawn(probe('a'), 'x', undefined)
  node.kernel.tell(at('a'), message)
  expect(Object.isFrozen(inner)).toBe(true)
  expect([...message.set].every(Object.isFrozen)).toBe(true)
  message.bytes[0] = 2
  expect(message.bytes[0]).toBe(2)
})

test('[KN28] a cycle does not hang it', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  deepFreeze(cycle)
  expect(Object.isFrozen(cycle)).toBe(true)
})

test('[KN29] the trace of an event goes on with everything it causes', () => {
  const node = testNode()
  const relay: ActorType<null, string> = {
    type: 'relay',
    start: () => null,
    receive(_state, event, out) {
      if (event.kind === 'message') out.send(at('end'), event.message)
    },
    describe: () => null,
  }
  const end = probe('end', (event, out) => {
    if (event.kind === 'message') out.send(at('far', n2), event.message)
    else if (event.kind === 'request') out.reply(event.request, event.message)
  })
  node.kernel.spawn(relay, 'x', undefined)
  node.kernel.spawn(end, 'x', undefined)
  const from = at('b', n2)
  node.kernel.receive(n2, [
    { to: at('relay'), from, message: 'untraced' },
    { to: at('relay'), from, message: 'one', trace: 'T1' },
    { to: at('relay'), from, message: 'two', trace: 'T2' },
    { to: at('end'), from: '' as Address, message: 'three', trace: 'T3', request: { node: n2, id: 1 } },
  ])
  node.settle()
  const traces = node.sent().map(({ message, trace }) => [JSON.stringify(message), trace])
  expect(traces).toEqual(
    expect.arrayContaining([
      ['"untraced"', undefined],
      ['"one"', 'T1'],
      ['"two"', 'T2'],
      ['{"outcome":"answered","result":"three"}', 'T3'],
    ]),
  )
  expect(traces).toHaveLength(4)
})

test('[KN29] a trace given from outside goes along', () => {
  const node = testNode()
  node.kernel.tell(at('a', n2), 'told', 'T1')
  node.kernel.ask(at('a', n2), 'asked', 100, () => {}, 'T2')
  node.settle()
  expect(node.sent().map(({ trace }) => trace)).toEqual(['T1', 'T2'])
  expect(node.kernel.state(actorId('a', 'x'))).toBeUndefined()
})
