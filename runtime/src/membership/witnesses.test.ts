import { describe, expect, test } from 'vitest'
import { type NodeId, nodeId } from '../address.ts'
import type { Sighting } from '../storage/storage.ts'
import { Sightings } from './sightings.ts'
import { type Testimony, Witnesses } from './witnesses.ts'

const [n1, n2, n3, n4] = ['n1', 'n2', 'n3', 'n4'].map(nodeId) as [NodeId, NodeId, NodeId, NodeId]
const saw = (incarnation: string, turn: number): Sighting => ({ incarnation, turn })
const hearsay = (incarnation: string, turn: number): Sighting => ({ incarnation, turn, hearsay: true })

function testimony(settled: boolean, ...seen: [NodeId, Sighting][]): Testimony {
  return { settled, sightings: new Map(seen) }
}

describe('whose answers count', () => {
  test('[AM13] an answer of a settled node counts at once, and whatever becomes of that node', () => {
    const witnesses = new Witnesses(n1)
    witnesses.heard(n2, 'a', testimony(true), 5)
    expect(witnesses.counted()).toEqual([n2])
    witnesses.heard(n2, 'b', testimony(false), 9)
    expect(witnesses.counted()).toEqual([n2])
    expect(witnesses.confirmed(n2, 'c', 9)).toBe(true)
  })

  test('[AM13] that of another counts when it was seen to be there after it had answered', () => {
    const witnesses = new Witnesses(n1)
    witnesses.heard(n2, 'a', testimony(false), 5)
    expect(witnesses.counted()).toEqual([])
    // Asked before its first answer was heard.
    expect(witnesses.confirmed(n2, 'a', 4.5)).toBe(true)
    expect(witnesses.counted()).toEqual([])
    expect(witnesses.confirmed(n2, 'a', 7)).toBe(true)
    expect(witnesses.counted()).toEqual([n2])
  })

  test('[AM13] two of them count together only when both were there at one moment', () => {
    const witnesses = new Witnesses(n1)
    witnesses.heard(n2, 'a', testimony(false), 5)
    witnesses.confirmed(n2, 'a', 6)
    // n2 may have settled, recovered, and lost nothing since; n3 may have lost its memory after that.
    witnesses.heard(n3, 'a', testimony(false), 20)
    witnesses.confirmed(n3, 'a', 21)
    expect(witnesses.counted()).toHaveLength(1)
    witnesses.heard(n4, 'a', testimony(true), 22)
    expect(witnesses.counted()).toHaveLength(2)
    witnesses.confirmed(n2, 'a', 22)
    expect(witnesses.counted().sort()).toEqual([n2, n3, n4])
  })

  test('[AM13] another life has to be asked again, and begins anew', () => {
    const witnesses = new Witnesses(n1)
    witnesses.heard(n2, 'a', testimony(false), 5)
    expect(witnesses.confirmed(n2, 'b', 6)).toBe(false)
    expect(witnesses.counted()).toEqual([])
    witnesses.heard(n2, 'b', testimony(false), 8)
    expect(witnesses.counted()).toEqual([])
    expect(witnesses.confirmed(n2, 'b', 9)).toBe(true)
    expect(witnesses.counted()).toEqual([n2])
  })

  test('[AM4] what was told of this node stays told, whether the answer counts or not', () => {
    const witnesses = new Witnesses(n1)
    witnesses.heard(n2, 'a', testimony(false, [n1, saw('1-a', 7)]), 5)
    witnesses.heard(n2, 'b', testimony(false, [n1, saw('1-a', 3)]), 8)
    witnesses.heard(n3, 'a', testimony(true, [n1, hearsay('2-a', 1)]), 9)
    expect(witnesses.seenOfUs()).toEqual([saw('1-a', 7), hearsay('2-a', 1)])
  })
})

describe('what was seen of others', () => {
  test('[AM14] the highest that any witness saw of each is learnt, and nothing of oneself', () => {
    const witnesses = new Witnesses(n1)
    witnesses.heard(n2, 'a', testimony(true, [n1, saw('1-a', 7)], [n3, saw('1-c', 9)]), 5)
    witnesses.heard(n3, 'a', testimony(false, [n2, saw('1-b', 3)], [n4, saw('1-d', 90)]), 5)
    witnesses.heard(n4, 'a', testimony(true, [n2, hearsay('2-b', 1)], [n3, saw('1-c', 8)]), 5)
    expect([...witnesses.told]).toEqual([
      [n3, saw('1-c', 9)],
      [n2, hearsay('2-b', 1)],
      [n4, saw('1-d', 90)],
    ])
  })

  test('[AM14] [AM15] what is learnt is hearsay, and never less than what was known', () => {
    const sightings = new Sightings(new Map([[n3, saw('1-c', 5)]]))
    const told = new Map([
      [n2, saw('1-b', 3)],
      [n3, saw('1-c', 4)],
    ])
    const learnt = [
      [n3, saw('1-c', 5)],
      [n2, hearsay('1-b', 3)],
    ]
    expect([...sightings.learn(told)]).toEqual(learnt)
    expect([...sightings.copy()]).toEqual(learnt)
    expect(sightings.takeNews()).toBeUndefined()
  })

  test('[AM15] it stays until the peer itself claims as much', () => {
    const sightings = new Sightings(new Map([[n2, hearsay('1-b', 3)]]))
    expect(sightings.claimed(n2, '1-b', 2)).toBe(true)
    expect(sightings.takeNews()).toBeUndefined()
    expect(sightings.of(n2)).toEqual(hearsay('1-b', 3))
    expect(sightings.claimed(n2, '1-b', 3)).toBe(true)
    expect(sightings.takeNews()).toEqual(new Map([[n2, saw('1-b', 3)]]))
    expect(sightings.claimed(n2, '1-a', 9)).toBe(false)
  })

  test('[AM8] a life known from hearsay only ends those before it', () => {
    const sightings = new Sightings(new Map([[n2, hearsay('2-b', 0)]]))
    expect(sightings.claimed(n2, '1-a', 99)).toBe(false)
    expect(sightings.of(n2)).toEqual(hearsay('2-b', 0))
  })
})
