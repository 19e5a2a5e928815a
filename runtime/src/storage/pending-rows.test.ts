import fc from 'fast-check'
import { expect, test } from 'vitest'
import { actorId } from '../address.ts'
import { PendingRows } from './pending-rows.ts'

const a = actorId('acceptor', 'a')
const b = actorId('acceptor', 'b')

const touched = fc.record({
  actor: fc.constantFrom(a, b),
  ranges: fc.array(fc.constantFrom({ from: 'a', to: 'c' }, { from: 'b', to: 'z' }), { maxLength: 2 }),
  keys: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 5 }),
})

test('[ST29] a turn is dead when neither a key nor a range of it is pending any more', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(touched, { maxLength: 3 }), { maxLength: 20 }),
      fc.nat(20),
      (turns, moved) => {
        const pending = new PendingRows()
        for (const [turn, all] of turns.entries()) for (const one of all) pending.note(turn, one)
        const check = () => {
          for (const turn of turns.keys()) {
            const left = [a, b].some(actor => {
              const of = pending.of(actor)
              return (
                [...(of?.latest.values() ?? [])].includes(turn) ||
                of?.ranges.some(range => range.turn === turn)
              )
            })
            expect(pending.isDead(turn)).toBe(left !== true)
          }
        }
        check()
        for (let turn = 0; turn < Math.min(moved, turns.length); turn++) {
          for (const actor of [a, b]) {
            pending.takeRanges(turn, actor)
            for (const key of ['a', 'b', 'c', 'd']) pending.take(turn, actor, key)
          }
        }
        check()
      },
    ),
  )
})
