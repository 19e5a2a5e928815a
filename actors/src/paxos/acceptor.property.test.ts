/** Whatever is sent to an acceptor, in whatever order, with crashes between. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anAcceptor, at, batch, groupOf } from './actors.fixture.ts'
import { type Ballot, compareBallots, noBallot } from './ballot.ts'
import type { AcceptorMessage } from './messages.ts'

const ballots = fc.record({ round: fc.integer({ min: 1, max: 4 }), by: fc.constantFrom('n2.1-a', 'n3.1-a') })
const slots = fc.integer({ min: 1, max: 5 })

type Answers = readonly { readonly message: { type: string; ballot: Ballot; slot: number } }[]

/** A ballot proposes one value per slot. */
const messages: fc.Arbitrary<AcceptorMessage | 'crash'> = fc.oneof(
  fc.record({ type: fc.constant('prepare' as const), ballot: ballots, from: slots }),
  fc.tuple(ballots, slots).map(([ballot, slot]) => ({
    ...{ type: 'accept' as const, ballot, slot, chosen: 0 },
    value: batch(`${ballot.round}${ballot.by}/${slot}`),
  })),
  fc.record({ type: fc.constant('confirm' as const), ballot: ballots, round: fc.constant(1) }),
  fc.constant('crash' as const),
)

test('[PX2, PX3, PX4] promises and accepted ballots only rise; every answer tells the truth', () => {
  fc.assert(
    fc.property(fc.array(messages, { maxLength: 40 }), script => {
      const acceptor = anAcceptor({}, { config: groupOf(3) })
      let promised = noBallot
      const accepted = new Map<number, Ballot>()
      for (const message of script) {
        if (message === 'crash') {
          acceptor.restart()
        } else {
          const effects = acceptor.message(at('n2', 'proposer'), message)
          for (const { message: answer } of effects.sent as Answers) {
            if (answer.type === 'accepted') accepted.set(answer.slot, answer.ballot)
            if (answer.type === 'promise' || answer.type === 'accepted') {
              expect(compareBallots(answer.ballot, promised)).toBeGreaterThanOrEqual(0)
              promised = answer.ballot
            }
            if (answer.type === 'confirmed')
              expect(compareBallots(answer.ballot, promised)).toBeGreaterThanOrEqual(0)
            if (answer.type === 'preempted') expect(answer.ballot).toEqual(promised)
          }
        }
        expect(acceptor.state.promise).toEqual(promised)
        for (const [slot, ballot] of accepted) expect(acceptor.state.log.get(slot)?.ballot).toEqual(ballot)
      }
    }),
    { numRuns: 300 },
  )
})
