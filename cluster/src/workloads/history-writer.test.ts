import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseRegisterHistory } from '../verify/checkers/history.ts'
import { HistoryWriter } from './history-writer.ts'

const folder = mkdtempSync(join(tmpdir(), 'synod-history-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('what is written is what the checkers read, in order', () => {
  const file = join(folder, 'history.jsonl')
  const writer = new HistoryWriter(file)
  const lines = Array.from({ length: 20_000 }, (_, value) => {
    const call = writer.now()
    return {
      client: 'u1',
      key: 'x',
      op: 'put' as const,
      value,
      call,
      return: writer.now(),
      outcome: 'ok' as const,
    }
  })
  for (const line of lines) writer.write(line)
  writer.close()
  expect(parseRegisterHistory(readFileSync(file, 'utf8').split('\n'))).toEqual(lines)
  expect(writer.lines).toBe(20_000)
})

test('times are whole nanoseconds that JSON can hold, and never go back', () => {
  const writer = new HistoryWriter(join(folder, 'times.jsonl'))
  const times = Array.from({ length: 1_000 }, () => writer.now())
  writer.close()
  expect(times.every(Number.isSafeInteger)).toBe(true)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
})
