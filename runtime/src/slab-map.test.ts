import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyOf, textOf } from './simulation/search/plain.ts'
import { SlabMap } from './slab-map.ts'

const key = fc.integer({ min: 0, max: 9 })
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, value: fc.option(fc.integer(), { nil: undefined }) }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constant('clear' as const) }),
)

describe('a map for what comes and goes', () => {
  test('is the same as a Map, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const slab = new SlabMap<number, number | undefined>()
        const map = new Map<number, number | undefined>()
        for (const one of steps) {
          if (one.do === 'set') for (const either of [slab, map]) either.set(one.key, one.value)
          else if (one.do === 'delete') expect(slab.delete(one.key)).toBe(map.delete(one.key))
          else for (const either of [slab, map]) either.clear()
          expect([slab.size, [...slab], [...slab.keys()], [...slab.values()], [...slab.entries()]]).toEqual([
            map.size,
            [...map],
            [...map.keys()],
            [...map.values()],
            [...map.entries()],
          ])
          for (let at = 0; at < 10; at++) {
            expect([slab.has(at), slab.get(at)]).toEqual([map.has(at), map.get(at)])
          }
        }
        const each: unknown[] = []
        slab.forEach((value, at, of) => {
          each.push([at, value], of)
        })
        expect(each).toEqual([...map].flatMap(pair => [pair, slab]))
      }),
    )
  })

  test('what is deleted or added while it is walked through is as with a Map', () => {
    const walked = [new SlabMap<string, number>(), new Map<string, number>()].map(map => {
      for (const name of ['a', 'b', 'c']) map.set(name, 1)
      const seen: unknown[] = []
      for (const [name, value] of map) {
        seen.push([name, value])
        if (name === 'a') map.delete('b')
        if (name === 'a') map.set('d', 2)
      }
      return seen
    })
    expect(walked[0]).toEqual(walked[1])
    expect(walked[0]).toEqual([
      ['a', 1],
      ['c', 1],
      ['d', 2],
    ])
  })

  test('is a Map to whoever copies states, spells them out or makes another map of it', () => {
    const slab = new SlabMap<string, object>()
    slab.set('gone', {}).set('a', { b: 1 }).delete('gone')
    const map = new Map([['a', { b: 1 }]])
    expect(copyOf(slab)).toEqual(map)
    expect(textOf(slab)).toBe(textOf(map))
    expect([...new SlabMap(new Map(slab))]).toEqual([...map])
  })
})
