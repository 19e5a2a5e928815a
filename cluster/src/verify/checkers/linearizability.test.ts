import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RegisterOperation, Value } from './history.ts'
import { parseJepsenLog } from './jepsen-log.ts'
import { checkLinearizability } from './linearizability.ts'

const common = { client: 'c', key: 'k', outcome: 'ok' as const }
const get = (call: number, end: number, output: Value): RegisterOperation => ({
  ...common,
  op: 'get',
  call,
  return: end,
  output,
})
const put = (call: number, end: number, value: Value): RegisterOperation => ({
  ...common,
  op: 'put',
  call,
  return: end,
  value,
})
const cas = (call: number, end: number, from: Value, value: Value, swapped: boolean): RegisterOperation => ({
  ...common,
  op: 'cas',
  call,
  return: end,
  from,
  value,
  swapped,
})
const lost = (operation: RegisterOperation): RegisterOperation => ({
  ...operation,
  return: undefined,
  outcome: 'unknown',
})
const verdict = (...history: RegisterOperation[]) => checkLinearizability(history).verdict

describe('registers', () => {
  it('[LC1] a read sees the last write that ended before it, or one that overlaps it', () => {
    expect(verdict(put(0, 1, 'a'), get(2, 3, 'a'))).toBe('ok')
    expect(verdict(put(0, 1, 'a'), put(2, 5, 'b'), get(3, 4, 'a'))).toBe('ok')
    expect(verdict(put(0, 1, 'a'), put(2, 5, 'b'), get(3, 4, 'b'))).toBe('ok')
    expect(verdict(put(0, 1, 'a'), put(2, 3, 'b'), get(4, 5, 'a'))).toBe('violated')
    expect(verdict(get(0, 1, 'a'), put(2, 3, 'a'))).toBe('violated')
    expect(verdict(put(0, 9, 'a'), get(1, 2, 'a'), get(3, 4, null))).toBe('violated')
  })

  it('[LC1] what ends at the instant at which another begins is concurrent with it', () => {
    expect(verdict(put(0, 1, 'a'), get(1, 2, null))).toBe('ok')
    expect(verdict(put(0, 1, 'a'), get(1.5, 2, null))).toBe('violated')
  })

  it('[LC1] a swap happens from its value only, and its refusal is an answer too', () => {
    expect(verdict(put(0, 1, 1), cas(2, 3, 1, 2, true), get(4, 5, 2))).toBe('ok')
    expect(verdict(put(0, 1, 1), cas(2, 3, 7, 2, true))).toBe('violated')
    expect(verdict(put(0, 1, 1), cas(2, 3, 1, 2, false))).toBe('violated')
    expect(verdict(put(0, 1, 1), cas(2, 3, 7, 2, false), get(4, 5, 1))).toBe('ok')
    expect(verdict(put(0, 1, 1), cas(2, 9, 1, 2, true), cas(3, 8, 1, 3, true))).toBe('violated')
  })

  it('[LC1] of two writes of the same value the later one may be kept for later', () => {
    expect(verdict(put(0, 2, 'a'), put(0, 10, 'a'), put(3, 4, 'b'), get(5, 6, 'a'))).toBe('ok')
    expect(verdict(put(0, 2, 'a'), put(0, 2, 'a'), put(3, 4, 'b'), get(5, 6, 'a'))).toBe('violated')
  })

  it('[LC1] keys are registers of their own, and values are equal as JSON', () => {
    const other = { ...get(2, 3, null), key: 'l' }
    expect(verdict(put(0, 1, { a: 1, b: [2] }), other, get(4, 5, { b: [2], a: 1 }))).toBe('ok')
    expect(verdict(put(0, 1, '1'), get(2, 3, 1))).toBe('violated')
  })

  it('[LC1] a key begins as null, or as what is said', () => {
    expect(verdict(get(0, 1, null))).toBe('ok')
    expect(checkLinearizability([get(0, 1, 7)], { initial: () => 7 }).verdict).toBe('ok')
    expect(checkLinearizability([get(0, 1, null)], { initial: () => 7 }).verdict).toBe('violated')
  })

  it('[LC2] what may have happened is used when it explains an answer, once, and not before its call', () => {
    const write = lost(put(2, 3, 'b'))
    expect(verdict(put(0, 1, 'a'), write, get(4, 5, 'a'), get(6, 7, 'b'))).toBe('ok')
    expect(verdict(put(0, 1, 'a'), write, get(4, 5, 'b'), get(6, 7, 'a'))).toBe('violated')
    expect(verdict(put(0, 1, 'a'), get(1.2, 1.3, 'b'), write)).toBe('violated')
    expect(verdict(put(0, 1, 'a'), write, get(4, 5, 'b'), put(6, 7, 'c'), get(8, 9, 'b'))).toBe('violated')
    expect(verdict(lost(cas(0, 1, null, 1, true)), lost(cas(0, 1, 1, 2, true)), get(4, 5, 2))).toBe('ok')
  })

  it('[LC2] what failed did not happen', () => {
    const failed: RegisterOperation = { ...put(2, 3, 'b'), outcome: 'fail' }
    expect(verdict(put(0, 1, 'a'), failed, get(4, 5, 'a'))).toBe('ok')
    expect(verdict(put(0, 1, 'a'), failed, get(4, 5, 'b'))).toBe('violated')
  })
})

describe('answers', () => {
  it('[LC3] a violation names the key, the first answer that nothing explains, and an order of all before it', () => {
    const good = [put(0, 1, 'a'), put(2, 3, 'b'), get(4, 5, 'b')]
    const stale = get(6, 7, 'a')
    const open = put(6, 20, 'd')
    const later = [put(8, 9, 'c'), get(10, 11, 'b')]
    const elsewhere = { ...get(0, 1, null), key: 'other' }
    const result = checkLinearizability([elsewhere, ...good, stale, open, ...later])
    expect(result).toEqual({ verdict: 'violated', key: 'k', impossible: stale, prefix: good, open: [open] })
  })

  it('[LC3] the first impossible answer is found in a long history, however late it shows', () => {
    for (const wrong of [5, 700, 2_900]) {
      const history = Array.from({ length: 3_000 }, (_, i) =>
        i % 3 === 2 ? get(10 * i, 10 * i + 25, i - 1) : put(10 * i, 10 * i + 5, i),
      )
      const read = get(10 * wrong + 3, 10 * wrong + 4, wrong - 5)
      const result = checkLinearizability([...history, read])
      expect(result).toMatchObject({ verdict: 'violated', impossible: read })
      if (result.verdict === 'violated') {
        const before = history.filter(operation => (operation.return ?? 0) < 10 * wrong + 4)
        expect(result.prefix.length).toBeGreaterThanOrEqual(before.length)
        for (const operation of before) expect(result.prefix).toContain(operation)
      }
    }
  })

  it('[LC4] a budget that runs out is no answer', () => {
    const history: RegisterOperation[] = []
    for (let i = 0; i < 12; i++) history.push(put(0, 100, i % 2), cas(0, 100, i % 2, (i + 1) % 2, i % 4 < 3))
    for (let i = 0; i < 3; i++) history.push(get(200 + 2 * i, 201 + 2 * i, i % 2))
    const result = checkLinearizability(history, { budget: 50 })
    expect(result).toMatchObject({ verdict: 'unknown', key: 'k' })
    expect(checkLinearizability(history).verdict).toBe('violated')
  })
})

describe('recorded histories of etcd', () => {
  const fixtures = join(import.meta.dirname, 'fixtures')
  const check = (file: string) => checkLinearizability(parseJepsenLog(readFileSync(file, 'utf8'))).verdict

  for (const expected of ['linearizable', 'violated'] as const) {
    for (const file of readdirSync(join(fixtures, expected))) {
      it(`[LC6] ${file} is ${expected}`, () => {
        expect(check(join(fixtures, expected, file))).toBe(expected === 'violated' ? 'violated' : 'ok')
      })
    }
  }

  // All of them, where they lie beside the repository.
  const all = join(import.meta.dirname, '../../../../../shared/histories/etcd-register')
  if (existsSync(join(all, 'expected.json'))) {
    it('[LC6] every one of the collection gets the expected answer', () => {
      const expected: Record<string, boolean> = JSON.parse(readFileSync(join(all, 'expected.json'), 'utf8'))
      const answers = Object.keys(expected).map(file => [file, check(join(all, file)) === 'ok'])
      expect(Object.fromEntries(answers)).toEqual(expected)
    })
  }

  it('[LC6] a line that is not understood is named', () => {
    expect(() => parseJepsenLog('INFO  jepsen.util - 1\t:ok\t:read\t3')).toThrow(/line 1: process 1 ends/)
    expect(() => parseJepsenLog('hello')).toThrow(/line 1: not a line/)
  })
})
