import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodeId } from '../address.ts'
import { FaultPlane, type FaultRule } from './plane.ts'

const n1 = nodeId('n1')
const n2 = nodeId('n2')

function rule(changes: Partial<FaultRule>): FaultRule {
  return { id: 'f', action: 'drop', probability: 1, delayMs: 0, jitterMs: 0, seed: 7, ...changes }
}

function plane(...rules: Partial<FaultRule>[]): FaultPlane {
  const made = new FaultPlane()
  rules.forEach((changes, index) => {
    made.add(rule({ id: `f${index}`, ...changes }))
  })
  return made
}

describe('the fault plane', () => {
  test('passes everything without rules', () => {
    const empty = plane()
    expect(empty.active).toBe(false)
    expect(empty.decide(n1, n2, 'accept', 0)).toEqual({ drop: false, delaysMs: [0] })
    expect(empty.cuts(n1, n2, 0)).toBe(false)
  })

  test('acts in the direction of the rule only', () => {
    const faults = plane({ from: n1, to: n2 })
    expect(faults.decide(n1, n2, 'accept', 0).drop).toBe(true)
    expect(faults.decide(n2, n1, 'accept', 0).drop).toBe(false)
  })

  test('acts on the message type of the rule only', () => {
    const faults = plane({ messageType: 'accept' })
    expect(faults.decide(n1, n2, 'accept', 0).drop).toBe(true)
    expect(faults.decide(n1, n2, 'promise', 0).drop).toBe(false)
  })

  test('ends at its time', () => {
    const faults = plane({ untilMs: 100 })
    expect(faults.decide(n1, n2, 'accept', 99).drop).toBe(true)
    expect(faults.decide(n1, n2, 'accept', 100).drop).toBe(false)
  })

  test('a cut takes every message and the heartbeats, one way', () => {
    const faults = plane({ action: 'cut', from: n1 })
    expect(faults.cuts(n1, n2, 0)).toBe(true)
    expect(faults.cuts(n2, n1, 0)).toBe(false)
    expect(faults.decide(n1, n2, 'anything', 0).drop).toBe(true)
    expect(plane({ action: 'drop' }).cuts(n1, n2, 0)).toBe(false)
  })

  test('delays add up, and every copy has its own', () => {
    const faults = plane(
      { action: 'delay', delayMs: 10 },
      { action: 'duplicate', delayMs: 5 },
      { action: 'delay', delayMs: 1 },
    )
    expect(faults.decide(n1, n2, 'accept', 0)).toEqual({ drop: false, delaysMs: [11, 6] })
  })

  test('a delay stays within its jitter, a reorder within its window', () => {
    const faults = plane({ action: 'delay', delayMs: 10, jitterMs: 5 })
    const window = plane({ action: 'reorder', delayMs: 20 })
    const held = new Set<number>()
    for (let index = 0; index < 200; index++) {
      const [delay = -1] = faults.decide(n1, n2, 'accept', index).delaysMs
      expect(delay).toBeGreaterThanOrEqual(10)
      expect(delay).toBeLessThanOrEqual(15)
      const [hold = -1] = window.decide(n1, n2, 'accept', index).delaysMs
      expect(hold).toBeGreaterThanOrEqual(0)
      expect(hold).toBeLessThanOrEqual(20)
      held.add(hold)
    }
    expect(held.size).toBeGreaterThan(100)
  })

  test('the same rules on the same messages decide the same', () => {
    const arbitraryRule = fc.record({
      action: fc.constantFrom('drop' as const, 'delay' as const, 'duplicate' as const, 'reorder' as const),
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
      delayMs: fc.nat(100),
      jitterMs: fc.nat(100),
      seed: fc.integer(),
    })
    fc.assert(
      fc.property(fc.array(arbitraryRule, { maxLength: 4 }), rules => {
        const [once, again] = [plane(...rules), plane(...rules)]
        for (let index = 0; index < 50; index++) {
          expect(once.decide(n1, n2, 'accept', index)).toEqual(again.decide(n1, n2, 'accept', index))
        }
      }),
    )
  })

  test('strikes about as often as its probability says, differently for each seed', () => {
    const outcome = (seed: number) => {
      const faults = plane({ probability: 0.3, seed })
      return Array.from({ length: 2000 }, (_, index) => faults.decide(n1, n2, 'accept', index).drop)
    }
    const dropped = outcome(1).filter(Boolean).length
    expect(dropped).toBeGreaterThan(500)
    expect(dropped).toBeLessThan(700)
    expect(outcome(1)).not.toEqual(outcome(2))
  })

  test('a rule replaces its namesake, and can be taken away', () => {
    const faults = plane()
    faults.add(rule({ id: 'a', action: 'drop' }))
    faults.add(rule({ id: 'a', action: 'delay', delayMs: 3 }))
    expect(faults.rules()).toHaveLength(1)
    expect(faults.decide(n1, n2, 'accept', 0)).toEqual({ drop: false, delaysMs: [3] })
    expect(faults.remove('a')).toBe(true)
    expect(faults.remove('a')).toBe(false)
    expect(faults.active).toBe(false)
  })

  test.each([
    [{ probability: 1.5 }, 'probability 1.5 must be a number from 0 to 1'],
    [{ probability: Number.NaN }, 'probability NaN'],
    [{ delayMs: -1 }, 'delayMs -1 must be from 0'],
    [{ jitterMs: Number.POSITIVE_INFINITY }, 'jitterMs Infinity'],
    [{ seed: 0.5 }, 'seed 0.5 must be a whole number'],
    [{ action: 'cut' as const, messageType: 'accept' }, 'use drop for the type accept'],
  ])('refuses %j and says what is wrong', (changes, message) => {
    expect(() => plane(changes)).toThrow(message)
  })
})
