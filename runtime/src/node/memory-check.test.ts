import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type ActorId, nodeId } from '../address.ts'
import { MemoryStorage } from '../storage/memory.ts'
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

/** A node that settled on its stored turn of 1, with n3 not asked yet. */
function settled() {
  const storage = new MemoryStorage()
  storage.setIdentity({ cluster: 'test', node: n1, incarnation: '1-a', amnesiac: false })
  write(storage)
  const check = new MemoryCheck(options, storage)
  expect(check.witnessed(n2, { incarnation: '1-a', turn: 1 })).toBe(true)
  expect(check.settle()).toMatchObject({ settled: true, how: 'kept' })
  return { storage, check }
}

describe('the amnesia rule on a node', () => {
  test('[AM10] a late witness of more makes it settle anew', () => {
    const { storage, check } = settled()
    expect(check.witnessed(n3, { incarnation: '1-a', turn: 2 })).toBe(true)
    expect(check.settle()).toMatchObject({ how: 'lost', identity: { amnesiac: true } })
    expect(storage.identity()).toEqual(check.identity)
    expect(check.claim().incarnation).toMatch(/^2-/)
  })

  test('[AM10] a late witness of as much, or of nothing, changes nothing', () => {
    expect(settled().check.witnessed(n3, { incarnation: '1-a', turn: 1 })).toBe(false)
    expect(settled().check.witnessed(n3, undefined)).toBe(false)
  })

  test('[AM12] a node that has run on does not catch up with what it forgot', () => {
    const { storage, check } = settled()
    for (let turn = 0; turn < 5; turn++) write(storage)
    expect(check.witnessed(n3, { incarnation: '1-a', turn: 2 })).toBe(true)
  })

  test('[AM12] what a peer has seen of this life proves nothing', () => {
    const { storage, check } = settled()
    write(storage)
    expect(check.witnessed(n2, { incarnation: '1-a', turn: 2 })).toBe(false)
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
})
