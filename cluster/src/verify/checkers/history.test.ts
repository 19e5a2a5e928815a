import { describe, expect, it } from 'vitest'
import { BadHistory, parseListHistory, parseRegisterHistory } from './history.ts'

const put = { client: 'u1', op: 'put', key: 'k', value: { a: [1] }, call: 5, return: 9, outcome: 'ok' }
const lines = (...operations: object[]) => operations.map(operation => JSON.stringify(operation))

function problem(parse: (lines: string[]) => unknown, text: string[]): string {
  try {
    parse(text)
  } catch (error) {
    expect(error).toBeInstanceOf(BadHistory)
    return (error as Error).message
  }
  throw new Error('the history was taken')
}

describe('registers', () => {
  it('[HF1] reads what the workload writes; a missing return and a null one are the same', () => {
    const unknown = { ...put, return: null, outcome: 'unknown' }
    const cas = { ...put, op: 'cas', from: 1, value: 2, swapped: false }
    const get = { ...put, op: 'get', value: undefined, output: null }
    const parsed = parseRegisterHistory([...lines(put, unknown), '', ...lines(cas, get)])
    expect(parsed).toHaveLength(4)
    expect(parsed[0]).toEqual(put)
    expect(parsed[1]?.return).toBeUndefined()
  })

  it('[HF2] names the line that is wrong, and why', () => {
    const wrong: [object | string, RegExp][] = [
      ['{"client":', /not JSON/],
      [{ ...put, op: 'swap' }, /op/],
      [{ ...put, call: -1 }, /call/],
      [{ ...put, outcome: 'maybe' }, /outcome/],
      [{ ...put, return: 4 }, /returns before it is called/],
      [{ ...put, return: undefined }, /return time/],
      [{ ...put, op: 'get', value: undefined }, /has an output/],
      [{ ...put, op: 'cas', from: 1 }, /whether it swapped/],
      [{ ...put, value: undefined }, /value/],
    ]
    for (const [line, words] of wrong) {
      const text = typeof line === 'string' ? line : JSON.stringify(line)
      const message = problem(parseRegisterHistory, [...lines(put), '', text])
      expect(message).toMatch(/^line 3: /)
      expect(message).toMatch(words)
    }
  })
})

describe('lists', () => {
  const txn = {
    client: 1,
    txn: [
      ['append', 'x', 1],
      ['r', 'y', [1, 2]],
      ['r', 'z', null],
    ],
    call: 0,
    return: 2,
    outcome: 'ok',
  }

  it('[HF1] reads transactions', () => {
    expect(parseListHistory(lines(txn))).toEqual([{ ...txn, client: '1' }])
  })

  it('[HF2] names the line that is wrong', () => {
    for (const step of [
      ['append', 'x'],
      ['r', 'x', 5],
      ['write', 'x', 1],
      ['append', 'x', { a: 1 }],
    ]) {
      expect(problem(parseListHistory, lines(txn, { ...txn, txn: [step] }))).toMatch(/^line 2: /)
    }
  })
})
