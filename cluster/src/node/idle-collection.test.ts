import { describe, expect, test } from 'vitest'
import { IdleCollection } from './idle-collection.ts'

function collectionsAfter(utilizations: readonly number[]): number {
  let count = 0
  const idle = new IdleCollection(() => count++)
  for (const utilization of utilizations) idle.look(utilization)
  return count
}
const idle = (times: number) => Array(times).fill(0.05)

describe('a node at rest', () => {
  test('collects a few times after work, and then leaves itself alone', () => {
    expect(collectionsAfter([0.9, ...idle(2)])).toBe(2)
    expect(collectionsAfter([0.9, ...idle(100)])).toBe(4)
    expect(collectionsAfter([0.9, ...idle(100), 0.9, ...idle(100)])).toBe(8)
  })

  test('does nothing while there is work, or where there was none', () => {
    expect(collectionsAfter(Array(100).fill(0.9))).toBe(0)
    expect(collectionsAfter(idle(100))).toBe(0)
  })
})
