/** The chosen prefix of an acceptor's log: what it vouches for, fetches and forgets. */
import { expect, test } from 'vitest'
import { accept, n2, n3 } from './acceptor.fixture.ts'
import { anAcceptor, at, ballot, batch, groupOf, sent } from './actors.fixture.ts'

test('[PX6] a chosen value below the ballot of another accepted one breaks an invariant', () => {
  const acceptor = anAcceptor()
  acceptor.message(n2, accept(2, 1, 'x'))
  const pvalues = [{ slot: 1, ballot: ballot(1, 'n3'), value: batch('y') }]
  const fetched = { type: 'fetched', from: 1, pvalues, vouched: 1 } as const
  expect(() => acceptor.message(at('n3', 'acceptor'), fetched)).toThrow('PX6')
})

test('[PX9] the claim of a deposed leader does not take the place of a later one', () => {
  const acceptor = anAcceptor()
  acceptor.message(n3, { type: 'heartbeat', ballot: ballot(2, 'n3'), round: 1, chosen: 5 })
  acceptor.message(at('n1', 'proposer'), { type: 'chosen', ballot: ballot(1), chosen: 3 })
  for (let slot = 1; slot <= 5; slot++) acceptor.message(n3, accept(2, slot, `v${slot}`, 0, 'n3'))
  expect(acceptor.state.vouched).toBe(5)
})

test('[PX15] how far it vouches survives in the row of a flush as well', () => {
  const acceptor = anAcceptor({}, { config: groupOf(3, { tailSlots: 2 }) })
  for (let slot = 1; slot <= 6; slot++) acceptor.message(n2, accept(1, slot, `v${slot}`, slot - 1))
  acceptor.message(n2, { type: 'chosen', ballot: ballot(1, 'n2'), chosen: 6 })
  acceptor.message(at('n1', 'learner'), { type: 'flushed', slot: 4 })
  acceptor.restart()
  expect(acceptor.state).toMatchObject({ base: 4, vouched: 6 })
})

test('[PX9] only what was accepted at the ballot of the claim is vouched for', () => {
  const acceptor = anAcceptor()
  acceptor.message(at('n1', 'learner'), { type: 'replay', from: 1 })
  acceptor.message(n2, accept(1, 1, 'old'))
  const other = acceptor.message(n3, { type: 'heartbeat', ballot: ballot(2, 'n3'), round: 1, chosen: 1 })
  expect(sent(other, 'paxos.decided')).toEqual([])
  expect(acceptor.state.vouched).toBe(0)

  const same = acceptor.message(n3, accept(2, 1, 'old', 1, 'n3'))
  expect(sent(same, 'paxos.decided')).toMatchObject([
    { message: { from: 1, values: [batch('old')], more: false } },
  ])
})

test('[PX9] a gap ends what is vouched for, until it is filled', () => {
  const acceptor = anAcceptor()
  acceptor.message(n2, accept(1, 1, 'a'))
  acceptor.message(n2, accept(1, 3, 'c', 3))
  expect(acceptor.state.vouched).toBe(1)
  acceptor.message(n2, accept(1, 2, 'b', 3))
  expect(acceptor.state.vouched).toBe(3)
})

test('[PX9, PX15] how far it vouches survives in the slot rows: a restart replays by itself', () => {
  const acceptor = anAcceptor()
  acceptor.message(n2, accept(1, 1, 'a'))
  acceptor.message(n2, accept(1, 2, 'b', 1))
  acceptor.restart()
  const effects = acceptor.message(at('n1', 'learner'), { type: 'replay', from: 1 })
  expect(sent(effects, 'paxos.decided')).toMatchObject([{ message: { from: 1, values: [batch('a')] } }])
})

test('[PX12] what is missing is fetched, after a moment, from who said that it is chosen', () => {
  const acceptor = anAcceptor()
  acceptor.message(n2, accept(1, 2, 'b', 1))
  const asked = acceptor.timer('catchUp')
  expect(asked.sent).toEqual([{ to: at('n2', 'acceptor'), message: { type: 'fetch', from: 1 } }])
  const pvalues = [{ slot: 1, ballot: ballot(1, 'n2'), value: batch('a') }]
  acceptor.message(at('n2', 'acceptor'), { type: 'fetched', from: 1, pvalues, vouched: 1 })
  expect(acceptor.state.vouched).toBe(1)
  expect(acceptor.out.armed.has('catchUp')).toBe(false)
})

test('[PX12] every other member is asked in turn, whoever had the last piece', () => {
  for (const last of ['n2', 'n3'] as const) {
    const acceptor = anAcceptor()
    acceptor.message(n2, accept(1, 9, 'z', 8))
    const pvalues = [{ slot: 1, ballot: ballot(1, 'n2'), value: batch('a') }]
    acceptor.message(at(last, 'acceptor'), { type: 'fetched', from: 1, pvalues, vouched: 1 })
    const asked = Array.from({ length: 6 }, () => acceptor.timer('catchUp').sent[0]?.to)
    expect(new Set(asked)).toEqual(new Set([at('n2', 'acceptor'), at('n3', 'acceptor')]))
  }
})

test('[PX12] only chosen values are served', () => {
  const acceptor = anAcceptor()
  acceptor.message(n2, accept(1, 1, 'a'))
  acceptor.message(n2, accept(1, 2, 'b', 1))
  const effects = acceptor.message(at('n3', 'acceptor'), { type: 'fetch', from: 1 })
  expect(sent(effects, 'fetched')).toMatchObject([{ message: { vouched: 1, pvalues: [{ slot: 1 }] } }])
})

test('[PX3, PX12] learning a value of a higher ballot raises the promise to it', () => {
  const acceptor = anAcceptor()
  const pvalues = [{ slot: 1, ballot: ballot(7, 'n3'), value: batch('a') }]
  acceptor.message(at('n3', 'acceptor'), { type: 'fetched', from: 1, pvalues, vouched: 1 })
  expect(acceptor.state.promise).toEqual(ballot(7, 'n3'))
  expect(sent(acceptor.message(n2, accept(6, 1, 'z')), 'preempted')).toHaveLength(1)
})

test('[PX10] the log is dropped below the flushed slot, but for a tail', () => {
  const acceptor = anAcceptor({}, { config: groupOf(3, { tailSlots: 2 }) })
  for (let slot = 1; slot <= 6; slot++) acceptor.message(n2, accept(1, slot, `v${slot}`, slot - 1))
  const effects = acceptor.message(at('n1', 'learner'), { type: 'flushed', slot: 4 })
  expect(acceptor.state.base).toBe(3)
  expect(effects.writes).toContainEqual({
    erase: { from: 'slot/00000000000001', to: 'slot/00000000000004' },
  })
  const promised = acceptor.message(n3, { type: 'prepare', ballot: ballot(2, 'n3'), from: 1 })
  expect(sent(promised, 'promise')).toMatchObject([{ message: { base: 3, pvalues: [{ slot: 4 }, {}, {}] } }])
  expect(sent(acceptor.message(at('n2', 'acceptor'), { type: 'fetch', from: 2 }), 'compacted')).toHaveLength(
    1,
  )
})

test('[PX10] what is not flushed stays, however long the log', () => {
  const acceptor = anAcceptor({}, { config: groupOf(3, { tailSlots: 0 }) })
  for (let slot = 1; slot <= 6; slot++) acceptor.message(n2, accept(1, slot, `v${slot}`, slot - 1))
  acceptor.message(at('n1', 'learner'), { type: 'flushed', slot: 2 })
  expect(acceptor.state.base).toBe(2)
})
