import { expect, test } from 'vitest'
import { copyOf, hashOf, textOf } from './plain.ts'

test('[SE9] a copy has the identities of what it copies, and shares what is frozen', () => {
  const frozen = Object.freeze({ a: 1 })
  const both = { list: [1] }
  const value = {
    one: both,
    two: both,
    map: new Map([['k', both]]),
    set: new Set(['x']),
    frozen,
    bytes: new Uint8Array(2),
  }
  const copy = copyOf(value)
  expect(copy).toEqual(value)
  expect(copy.one).toBe(copy.two)
  expect(copy.map.get('k')).toBe(copy.one)
  expect(copy.one).not.toBe(both)
  expect(copy.frozen).toBe(frozen)
})

test('[SE9] views keep their methods, functions are refused', () => {
  class View {
    readonly data: { value: number }
    constructor(data: { value: number }) {
      this.data = data
    }
    get twice(): number {
      return this.data.value * 2
    }
  }
  const data = { value: 2 }
  const copy = copyOf({ data, view: new View(data) })
  copy.data.value = 5
  expect(copy.view.twice).toBe(10)
  expect(() => copyOf({ call: () => 1 })).toThrow('holds a function')
  expect(() => textOf({ call: () => 1 })).toThrow('holds a function')
})

test('[SE4] equal values have the same text, whatever order they were made in', () => {
  const one = {
    a: 1,
    b: new Map<unknown, unknown>([
      [1, 'x'],
      [2, 'y'],
    ]),
    c: new Set([3, 4]),
    d: undefined,
  }
  const two = {
    c: new Set([4, 3]),
    b: new Map<unknown, unknown>([
      [2, 'y'],
      [1, 'x'],
    ]),
    a: 1,
  }
  expect(textOf(one)).toBe(textOf(two))
})

test('[SE4] different values have different texts', () => {
  const shared = {}
  const values = [
    null,
    undefined,
    0,
    '0',
    0n,
    false,
    '',
    'a',
    ['a'],
    [['a']],
    [],
    {},
    { a: 1 },
    { a: '1' },
    { b: 1 },
    new Map([['a', 1]]),
    new Map([[1, 'a']]),
    new Set(['a']),
    new Uint8Array([1]),
    new Uint8Array([1, 0]),
    [shared, shared],
    [{}, {}],
    Number.NaN,
    Number.NEGATIVE_INFINITY,
  ]
  const texts = values.map(value => textOf(value))
  expect(new Set(texts).size).toBe(values.length)
  expect(new Set(texts.map(hashOf)).size).toBe(values.length)
})

test('[SE4] hashes of many alike texts do not meet', () => {
  const hashes = new Set<number>()
  for (let at = 0; at < 50_000; at++) hashes.add(hashOf(`n${at % 7} {"round":${at},"by":"n1"}`))
  expect(hashes.size).toBe(50_000)
})
