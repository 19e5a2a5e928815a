import { expect, it } from 'vitest'
import { actorId } from '../address.ts'
import { MemoryStorage } from './memory.ts'
import { describeStorage } from './storage.contract.ts'
import { StorageError } from './storage.ts'

describeStorage('memory', () => {
  let store = new MemoryStorage()
  return {
    store,
    crash() {
      store = store.crash()
      return store
    },
    failNextCommit: () => store.failNextCommit('full'),
    flipBit(actor, key) {
      expect(store.flipBit(actor as ReturnType<typeof actorId>, key)).toBe(true)
      return store
    },
  }
})

const a = actorId('acceptor', 'x')

it('[ST12] a store that crashed, was wiped or closed refuses everything', () => {
  for (const end of ['crash', 'wipe', 'close'] as const) {
    const store = new MemoryStorage('n1')
    const rows = store.rows(a)
    store[end]()
    expect(() => store.turn()).toThrow(StorageError)
    expect(() => store.commit(1, [])).toThrow(StorageError)
    expect(() => rows.get('k')).toThrow(/n1/)
  }
})

it('[ST12] a copy is the folder of that moment; a wiped store is empty', () => {
  const store = new MemoryStorage()
  store.commit(1, [{ actor: a, key: 'k', value: 1 }])
  const yesterday = store.copy()
  store.commit(2, [{ actor: a, key: 'k', value: 2 }])
  expect(yesterday.turn()).toBe(1)
  expect(yesterday.rows(a).get('k')).toBe(1)
  yesterday.commit(2, [{ actor: a, key: 'k', value: 3 }])
  expect(store.rows(a).get('k')).toBe(2)
  const empty = store.wipe()
  expect(empty.turn()).toBe(0)
  expect(empty.actors()).toEqual([])
})

it('[ST12] a full disk and a broken one say so', () => {
  for (const [failure, words] of [
    ['full', /disk is full/],
    ['error', /does not write/],
  ] as const) {
    const store = new MemoryStorage('n1')
    store.failNextCommit(failure)
    expect(() => store.commit(1, [])).toThrow(words)
    expect(store.crash().turn()).toBe(0)
  }
})
