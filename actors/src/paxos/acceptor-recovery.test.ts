import { describe, expect, test } from 'vitest'
import { answersNeeded } from './acceptor-recovery.ts'
import { anAcceptor, at, ballot, batch, groupOf, sent } from './actors.fixture.ts'
import type { AcceptorMessage } from './messages.ts'

type Recovery = Extract<AcceptorMessage, { type: 'recovery' }>

function forgetful(members = 3) {
  const acceptor = anAcceptor({}, { amnesiac: true, incarnation: '2-b', config: groupOf(members) })
  const nonce = String(sent(acceptor.started, 'recover')[0]?.message.nonce)
  const answer = (parts: Partial<Recovery>): Recovery => ({
    ...{ type: 'recovery', nonce, from: 0, promise: ballot(1), base: 0, pvalues: [], lives: {}, ...parts },
  })
  return { acceptor, answer }
}

describe('an acceptor without memory', () => {
  test('[PX20] asks all others, and answers no vote', () => {
    const { acceptor } = forgetful()
    expect(sent(acceptor.started, 'recover').map(({ to }) => to)).toEqual([
      at('n2', 'acceptor'),
      at('n3', 'acceptor'),
    ])
    const n2 = at('n2', 'proposer')
    const b = ballot(9, 'n2')
    const asked: AcceptorMessage[] = [
      { type: 'prepare', ballot: b, from: 1 },
      { type: 'accept', ballot: b, slot: 1, value: batch('v'), chosen: 0 },
      { type: 'confirm', ballot: b, round: 1 },
      { type: 'preVote', campaign: 1, vouched: 0 },
      { type: 'fetch', from: 1 },
      { type: 'recover', nonce: 'x', incarnation: '2-c', from: 0 },
      { type: 'doYouVote' },
    ]
    for (const message of asked)
      expect(acceptor.message(n2, message), message.type).toMatchObject({ sent: [], writes: [] })
  })

  test('[PX21] so many answers that every majority it was in is met', () => {
    expect([3, 5, 7].map(n => answersNeeded(n, Math.floor(n / 2) + 1))).toEqual([2, 3, 4])
    for (let n = 2; n <= 9; n++) {
      const q = Math.floor(n / 2) + 1
      const needed = answersNeeded(n, q)
      expect(needed + (q - 1), `${n}: they cannot miss each other`).toBeGreaterThan(n - 1)
      expect(needed, `${n}: the others suffice`).toBeLessThanOrEqual(n - 1)
    }
  })

  test('[PX21] adopts the highest promise and the highest ballot of each slot, in one turn', () => {
    const { acceptor, answer } = forgetful()
    const low = { slot: 1, ballot: ballot(1), value: batch('low') }
    const high = { slot: 1, ballot: ballot(3, 'n3'), value: batch('high') }
    const first = acceptor.message(at('n2', 'acceptor'), answer({ promise: ballot(4, 'n3'), pvalues: [low] }))
    expect(first.writes).toEqual([])
    expect(acceptor.state.votes).toBe(false)
    const last = acceptor.message(at('n3', 'acceptor'), answer({ promise: ballot(3, 'n3'), pvalues: [high] }))
    expect(acceptor.state).toMatchObject({ votes: true, promise: ballot(4, 'n3') })
    expect(acceptor.state.log.get(1)?.value).toEqual(batch('high'))
    expect(last.writes).toContainEqual({ save: 'recovered', value: '2-b' })
    expect(sent(last, 'voting')).toHaveLength(1)
  })

  test('[PX21] an answer in pieces counts when it is complete', () => {
    const { acceptor, answer } = forgetful()
    acceptor.message(at('n2', 'acceptor'), answer({}))
    const more = acceptor.message(at('n3', 'acceptor'), answer({ next: 4 }))
    expect(sent(more, 'recover')).toMatchObject([{ to: at('n3', 'acceptor'), message: { from: 4 } }])
    expect(acceptor.state.votes).toBe(false)
    acceptor.message(at('n3', 'acceptor'), answer({ from: 4 }))
    expect(acceptor.state.votes).toBe(true)
  })

  test('[PX3] [PX21] what comes from an answer that stays incomplete raises the promise as well', () => {
    const { acceptor, answer } = forgetful(5)
    const high = { slot: 1, ballot: ballot(9, 'n2'), value: batch('high') }
    acceptor.message(
      at('n2', 'acceptor'),
      answer({ promise: ballot(9, 'n2'), pvalues: [high], next: 2, lives: { n5: 3 } }),
    )
    for (const other of ['n3', 'n4', 'n5']) acceptor.message(at(other, 'acceptor'), answer({}))
    expect(acceptor.state).toMatchObject({ votes: true, promise: ballot(9, 'n2'), lives: { n5: 3 } })
    expect(acceptor.state.log.get(1)?.value).toEqual(batch('high'))
  })

  test('[PX21] answers under another nonce, or from the same member twice, do not count', () => {
    const { acceptor, answer } = forgetful()
    acceptor.message(at('n2', 'acceptor'), answer({}))
    acceptor.message(at('n2', 'acceptor'), answer({}))
    acceptor.message(at('n3', 'acceptor'), answer({ nonce: 'of yesterday' }))
    expect(acceptor.state.votes).toBe(false)
  })

  test('[PX21] above a base it knows nothing of, the snapshot comes first', () => {
    const { acceptor, answer } = forgetful()
    acceptor.message(at('n2', 'acceptor'), answer({ base: 7 }))
    const effects = acceptor.message(at('n3', 'acceptor'), answer({}))
    expect(sent(effects, 'paxos.needSnapshot')).toMatchObject([{ message: { node: 'n2', slot: 7 } }])
    expect(acceptor.state.votes).toBe(false)
    acceptor.message(at('n1', 'learner'), { type: 'installed', slot: 8 })
    acceptor.timer('recover')
    expect(acceptor.state).toMatchObject({ votes: true, base: 8 })
  })

  test('[PX20] it has recovered for this life only', () => {
    const { acceptor, answer } = forgetful()
    for (const node of ['n2', 'n3']) acceptor.message(at(node, 'acceptor'), answer({}))
    acceptor.restart()
    expect(acceptor.state.votes).toBe(true)
    acceptor.restart({ incarnation: '3-c' })
    expect(acceptor.state.votes).toBe(false)
  })
})

test('[PX22] the lives that it learns when it recovers are durable with it', () => {
  const { acceptor, answer } = forgetful(5)
  for (const node of ['n2', 'n3', 'n4']) acceptor.message(at(node, 'acceptor'), answer({ lives: { n5: 4 } }))
  acceptor.restart()
  expect(acceptor.state).toMatchObject({ votes: true, lives: { n5: 4 } })
})

describe('its helpers', () => {
  const recover: AcceptorMessage = { type: 'recover', nonce: 'x', incarnation: '2-b', from: 0 }

  test('[PX22] the new life is durable with the answer, and every later vote tells of it', () => {
    const helper = anAcceptor()
    const effects = helper.message(at('n3', 'acceptor'), recover)
    expect(effects.writes).toEqual([{ save: 'lives', value: { n3: 2 } }])
    expect(sent(effects, 'recovery')).toHaveLength(1)
    helper.restart()
    const vote = helper.message(at('n2', 'proposer'), { type: 'prepare', ballot: ballot(1, 'n2'), from: 1 })
    expect(sent(vote, 'promise')).toMatchObject([{ message: { incarnation: '1-a', lives: { n3: 2 } } }])
  })

  test('[PX22] an older life does not come back', () => {
    const helper = anAcceptor()
    helper.message(at('n3', 'acceptor'), { ...recover, incarnation: '3-c' })
    helper.message(at('n3', 'acceptor'), recover)
    expect(helper.state.lives).toEqual({ n3: 3 })
  })
})
