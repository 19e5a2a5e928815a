import { describe, expect, test } from 'vitest'
import { reasonText } from './close-codes.ts'

describe('[MS9] a reason fits into a close frame, which has room for 123 bytes', () => {
  test.each([
    ['short', 'short'],
    ['é'.repeat(61), 'é'.repeat(61)],
    ['x'.repeat(124), `${'x'.repeat(117)}...`],
    // 80 characters, 240 bytes: counted in characters it would have ended the process.
    ['€'.repeat(80), `${'€'.repeat(39)}...`],
    [`x${'€'.repeat(80)}`, `x${'€'.repeat(38)}\ufffd...`],
    ['\ud800'.repeat(100), undefined],
  ])('%j', (text, expected) => {
    expect(Buffer.byteLength(reasonText(text))).toBeLessThanOrEqual(123)
    if (expected !== undefined) expect(reasonText(text)).toBe(expected)
  })
})
