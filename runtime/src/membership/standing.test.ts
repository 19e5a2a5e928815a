import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type NodeId, nodeId } from '../address.ts'
import type { Identity, Sighting } from '../storage/storage.ts'
import { admits, isIncarnation, later, observe, provesLoss, provesLossLater, settle } from './standing.ts'

const [n1, n2, n3, n4] = ['n1', 'n2', 'n3', 'n4'].map(nodeId) as [NodeId, NodeId, NodeId, NodeId]
const three = [n1, n2, n3]
const stored = (incarnation: string, amnesiac = false): Identity => ({
  cluster: 'c',
  node: n1,
  incarnation,
  amnesiac,
})
const saw = (incarnation: string, turn: number): Sighting => ({ incarnation, turn })

function ask(
  own: Identity | undefined,
  ownTurn: number,
  answers: readonly (readonly [NodeId, Sighting | undefined])[],
  members: readonly NodeId[] = three,
) {
  return settle({
    cluster: 'c',
    node: n1,
    own,
    ownTurn,
    counted: answers.map(([peer]) => peer),
    seen: answers.flatMap(([, seen]) => seen ?? []),
    members,
    random: () => 0.5,
  })
}

describe('the standing of a node', () => {
  test('[AM1] waits until a majority, itself counted, has answered', () => {
    expect(ask(stored('1-a'), 5, [])).toEqual({ settled: false, missing: 1 })
    expect(ask(stored('1-a'), 5, [[n2, undefined]])).toMatchObject({ settled: true })
    const five = [...three, n4, nodeId('n5')]
    expect(ask(stored('1-a'), 5, [[n2, undefined]], five)).toEqual({ settled: false, missing: 1 })
  })

  test('[AM1] answers of strangers and of itself do not count', () => {
    expect(ask(stored('1-a'), 5, [[nodeId('n9'), undefined]])).toMatchObject({ settled: false })
    expect(ask(stored('1-a'), 5, [[n1, undefined]])).toMatchObject({ settled: false })
  })

  test('[AM2] a node alone stands at once', () => {
    expect(ask(undefined, 0, [], [n1])).toMatchObject({ settled: true, how: 'first' })
    expect(ask(stored('3-a'), 9, [], [n1])).toMatchObject({ settled: true, how: 'kept' })
  })

  test('[AM3] a first start gets counter 1 and is not amnesiac', () => {
    const standing = ask(undefined, 0, [[n2, undefined]])
    expect(standing).toMatchObject({ settled: true, how: 'first', identity: { node: n1, amnesiac: false } })
    expect(standing.settled && standing.identity.incarnation).toMatch(/^1-[a-z0-9]{12}$/)
  })

  test.each([
    ['an emptied folder', undefined, 0, saw('1-a', 0), 2],
    ['a folder rolled back to an earlier life', stored('1-a'), 50, saw('2-b', 3), 3],
    ['a folder rolled back within this life', stored('1-a'), 50, saw('1-a', 51), 2],
    ['another life with the same counter', stored('2-a'), 50, saw('2-b', 1), 3],
  ])('[AM4] %s is a loss of memory: a new incarnation', (_, own, turn, sighting, counter) => {
    const standing = ask(own, turn, [[n2, sighting]])
    expect(standing).toMatchObject({ settled: true, how: 'lost', identity: { amnesiac: true } })
    expect(standing.settled && standing.identity.incarnation).toMatch(new RegExp(`^${counter}-`))
  })

  test.each([
    ['saw exactly as much', saw('1-a', 50)],
    ['saw less', saw('1-a', 7)],
    ['saw nothing', undefined],
  ])('[AM5] a peer that %s lets the stored identity go on', (_, sighting) => {
    expect(ask(stored('1-a'), 50, [[n2, sighting]])).toMatchObject({ how: 'kept', identity: stored('1-a') })
  })

  test('[AM5] a peer that saw only an earlier life of it lets it go on', () => {
    expect(ask(stored('2-b'), 1, [[n2, saw('1-a', 900)]])).toMatchObject({ how: 'kept' })
  })

  test('[AM6] the stored amnesia flag stays: the acceptors know when they have recovered', () => {
    const own = stored('2-a', true)
    expect(ask(own, 5, [[n2, undefined]])).toEqual({ settled: true, how: 'kept', identity: own })
  })

  test('[AM4] one witness of a loss outweighs the peers that saw nothing', () => {
    const standing = ask(stored('1-a'), 5, [
      [n2, undefined],
      [n3, saw('4-z', 2)],
    ])
    expect(standing.settled && standing.identity.incarnation).toMatch(/^5-/)
  })

  test('[AM7] a new incarnation is above every one that any peer saw', () => {
    const sighting = fc.record({
      incarnation: fc.tuple(fc.nat(50), fc.constantFrom('a', 'b')).map(([c, r]) => `${c + 1}-${r}`),
      turn: fc.nat(20),
    })
    const own = fc.option(
      sighting.map(s => ({ identity: stored(s.incarnation), turn: s.turn })),
      { nil: undefined },
    )
    fc.assert(
      fc.property(own, fc.option(sighting, { nil: undefined }), sighting, (mine, second, third) => {
        const standing = ask(mine?.identity, mine?.turn ?? 0, [
          [n2, second],
          [n3, third],
        ])
        if (!standing.settled) throw new Error('a majority had answered')
        for (const seen of [second, third]) {
          if (seen === undefined) continue
          const turn = standing.how === 'kept' ? (mine?.turn ?? 0) : 0
          expect(provesLoss(standing.identity, turn, seen)).toBe(false)
          expect(admits(seen, standing.identity.incarnation)).toBe(true)
        }
      }),
    )
  })
})

describe('hearsay', () => {
  const told = { ...saw('1-a', 51), hearsay: true as const }

  test('[AM15] proves a loss to a node that settles', () => {
    expect(ask(stored('1-a'), 50, [[n2, told]])).toMatchObject({ how: 'lost' })
  })

  test('[AM15] proves nothing to one that has settled: it may tell of this very life', () => {
    expect(provesLossLater(stored('1-a'), 50, told)).toBe(false)
    expect(provesLossLater(stored('1-a'), 50, saw('1-a', 51))).toBe(true)
  })
})

describe('what peers remember of a node', () => {
  test('[AM8] of two sightings the later one stays', () => {
    expect(later(undefined, saw('1-a', 1))).toEqual(saw('1-a', 1))
    expect(later(saw('1-a', 1), undefined)).toEqual(saw('1-a', 1))
    expect(later(saw('1-a', 1), saw('1-a', 2))).toEqual(saw('1-a', 2))
    expect(later(saw('1-a', 9), saw('2-a', 1))).toEqual(saw('2-a', 1))
    expect(later(saw('2-a', 1), saw('2-b', 9))).toEqual(saw('2-a', 1))
  })

  test('[AM8] messages of an older life, or of a rival one, are not admitted', () => {
    expect(admits(undefined, '1-a')).toBe(true)
    expect(admits(saw('2-a', 0), '2-a')).toBe(true)
    expect(admits(saw('2-a', 0), '3-a')).toBe(true)
    expect(admits(saw('2-a', 0), '1-a')).toBe(false)
    expect(admits(saw('2-a', 0), '2-b')).toBe(false)
    expect(admits(undefined, '')).toBe(false)
  })

  test('[AM8] what is remembered never goes back', () => {
    const high = saw('2-a', 7)
    expect(observe(high, '2-a', 6)).toBe(high)
    expect(observe(high, '1-z', 99)).toBe(high)
    expect(observe(high, '2-b', 99)).toBe(high)
    expect(observe(high, '2-a', 8)).toEqual(saw('2-a', 8))
    expect(observe(high, '3-a', 0)).toEqual(saw('3-a', 0))
    expect(observe(undefined, '', 3)).toBeUndefined()
  })

  test('[AM9] an incarnation has one form, and anything else is refused', () => {
    for (const good of ['1-a', '12-0abc9z']) expect(isIncarnation(good)).toBe(true)
    for (const bad of ['', '0-a', '1-', '-a', '1-A', '1-a ', 'x-a', '01-a'])
      expect(isIncarnation(bad)).toBe(false)
    expect(() => admits(saw('nonsense', 0), '1-a')).toThrow('<counter>-<random>')
  })
})
