import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type ActorId, type NodeId, nodeId } from '../address.ts'
import type { Testimony } from '../membership/witnesses.ts'
import type { Met } from '../mesh/handshake.ts'
import { MemoryStorage } from '../storage/memory.ts'
import type { Sighting } from '../storage/storage.ts'
import { MemoryCheck } from './memory-check.ts'

const n1 = nodeId('n1')
const n2 = nodeId('n2')
const n3 = nodeId('n3')
const options = {
  cluster: 'test',
  node: n1,
  folder: 'unused',
  secret: 'secret',
  members: [n1, n2, n3].map(id => ({ id, host: '127.0.0.1', port: 1 })),
  server: createServer(),
  actors: [],
  log: () => {},
  onFatal: () => {},
}

function write(storage: MemoryStorage): void {
  storage.commit(storage.turn() + 1, [{ actor: 'a/a' as ActorId, key: 'k', value: 1 }])
}

/** A link to a peer came up, which has seen this of n1. */
function met(peer: NodeId, seenOfUs: Sighting | undefined, more: Partial<Testimony> = {}): Met {
  const sightings = new Map(seenOfUs === undefined ? [] : [[n1, seenOfUs]])
  return { peer, claim: { incarnation: '1-p', turn: 1 }, testimony: { settled: true, sightings, ...more } }
}

/** A node with a stored turn of 1 that has asked nobody yet. */
function asking() {
  const storage = new MemoryStorage()
  storage.setIdentity({ cluster: 'test', node: n1, incarnation: '1-a', amnesiac: false })
  write(storage)
  return { storage, check: new MemoryCheck(options, storage) }
}

/** A node that settled on its stored turn of 1, with n3 not asked yet. */
function settled() {
  const { storage, check } = asking()
  expect(check.witnessed(met(n2, { incarnation: '1-a', turn: 1 }), 0)).toBe(true)
  expect(check.settle()).toMatchObject({ settled: true, how: 'kept' })
  return { storage, check }
}

describe('the amnesia rule on a node', () => {
  test('[AM10] a late witness of more makes it settle anew', () => {
    const { storage, check } = settled()
    expect(check.witnessed(met(n3, { incarnation: '1-a', turn: 2 }), 0)).toBe(true)
    expect(check.settle()).toMatchObject({ how: 'lost', identity: { amnesiac: true } })
    expect(storage.identity()).toEqual(check.identity)
    expect(check.claim().incarnation).toMatch(/^2-/)
  })

  test('[AM10] a late witness of as much, or of nothing, changes nothing', () => {
    expect(settled().check.witnessed(met(n3, { incarnation: '1-a', turn: 1 }), 0)).toBe(false)
    expect(settled().check.witnessed(met(n3, undefined), 0)).toBe(false)
  })

  test('[AM12] a node that has run on does not catch up with what it forgot', () => {
    const { storage, check } = settled()
    for (let turn = 0; turn < 5; turn++) write(storage)
    expect(check.witnessed(met(n3, { incarnation: '1-a', turn: 2 }), 0)).toBe(true)
    expect(check.settle()).toMatchObject({ how: 'lost', identity: { amnesiac: true } })
  })

  test('[AM12] what a peer has seen of this life proves nothing', () => {
    const { storage, check } = settled()
    write(storage)
    expect(check.witnessed(met(n2, { incarnation: '1-a', turn: 2 }), 0)).toBe(false)
  })

  test('[AM8] what was seen is persisted once', () => {
    const { storage, check } = settled()
    check.sightings.claimed(n2, '4-b', 9)
    check.flush()
    expect(storage.sightings().get(n2)).toEqual({ incarnation: '4-b', turn: 9 })
    const turn = storage.turn()
    check.sightings.claimed(n2, '4-b', 9)
    check.flush()
    expect(storage.turn()).toBe(turn)
  })

  test('[AM11] a turn of sightings is not claimed, the next one that writes is', () => {
    const { storage, check } = settled()
    for (const seen of [1, 2]) {
      check.sightings.claimed(n2, '4-b', seen)
      check.flush()
    }
    expect(storage.turn()).toBe(3)
    expect(check.claim()).toEqual({ incarnation: '1-a', turn: 1 })
    write(storage)
    expect(check.claim()).toEqual({ incarnation: '1-a', turn: 4 })
  })

  test('[AM13] an answer of a node that is not settled counts once it is seen to be still there', () => {
    const { check, storage } = asking()
    check.witnessed(met(n2, undefined, { settled: false }), 5)
    expect(check.settle()).toEqual({ settled: false, missing: 1 })
    expect(check.confirmed(n2, { incarnation: '1-p', turn: 9 }, 6)).toBe(true)
    expect(check.settle()).toMatchObject({ how: 'kept' })
    expect(storage.turn()).toBe(1)
  })

  test('[AM13] it has to be asked again when it settled as another, and counts anew on another link', () => {
    const { check } = asking()
    check.witnessed(met(n2, undefined, { settled: false }), 5)
    expect(check.confirmed(n2, { incarnation: '2-p', turn: 0 }, 6)).toBe(false)
    expect(check.settle()).toEqual({ settled: false, missing: 1 })
    check.witnessed(met(n2, undefined, { settled: false }), 7)
    expect(check.confirmed(n2, { incarnation: '1-p', turn: 0 }, 6)).toBe(true)
    expect(check.settle()).toEqual({ settled: false, missing: 1 })
    check.witnessed(met(n2, undefined, { settled: true }), 8)
    expect(check.settle()).toMatchObject({ how: 'kept' })
  })

  test('[AM14] a new identity comes with what the witnesses saw of other members', () => {
    const { check, storage } = asking()
    const sightings = new Map([
      [n1, { incarnation: '1-a', turn: 2 }],
      [n3, { incarnation: '4-c', turn: 77 }],
      [nodeId('n9'), { incarnation: '1-z', turn: 1 }],
    ])
    check.witnessed(met(n2, undefined, { sightings }), 5)
    expect(check.settle()).toMatchObject({ how: 'lost' })
    const learnt = new Map([[n3, { incarnation: '4-c', turn: 77, hearsay: true }]])
    expect(storage.crash().sightings()).toEqual(learnt)
    expect(check.testimony()).toEqual({ settled: true, sightings: learnt })
  })

  test('[AM15] a late witness from hearsay proves nothing', () => {
    const { check } = settled()
    expect(check.witnessed(met(n3, { incarnation: '1-a', turn: 9, hearsay: true }), 0)).toBe(false)
  })

  test('[AM16] nothing is written before the standing is settled', () => {
    const { check, storage } = asking()
    check.sightings.claimed(n2, '4-b', 9)
    check.flush()
    expect(storage.turn()).toBe(1)
    check.witnessed(met(n2, { incarnation: '1-a', turn: 2 }), 0)
    expect(check.settle()).toMatchObject({ how: 'lost' })
    expect(storage.sightings().get(n2)).toEqual({ incarnation: '4-b', turn: 9 })
  })
})
