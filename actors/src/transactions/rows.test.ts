import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ownText, txId, txKey } from './rows.ts'

test('[EO1] a text names the session and the sequence number that it was made of, whatever was asked before', () => {
  const session = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', ':', 'a:', 'a:1', '\ud800', 'c.1', 'c.2'),
  )
  const id = fc.record({ session, sequence: fc.maxSafeNat() })
  fc.assert(
    fc.property(fc.array(id, { minLength: 1, maxLength: 20 }), ids => {
      for (const one of ids) {
        expect(txId(txKey(one))).toEqual(one)
        expect(ownText(txKey(one))).toBe(txKey(one))
      }
    }),
  )
})

test('[EO1] more sessions than are remembered at a time keep their names', () => {
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 1_500; at++)
      expect(txId(`session${at}:7`)).toEqual({ session: `session${at}`, sequence: 7 })
  }
})
