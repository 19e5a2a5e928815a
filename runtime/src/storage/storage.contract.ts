/** What every store must do, whichever engine is below. Run by the test of each engine. */
import { describe, expect, it } from 'vitest'
import type { Rows } from '../actor.ts'
import { actorId, type NodeId, nodeId } from '../address.ts'
import { DamagedRow } from './damage.ts'
import { type Identity, type Sighting, type Storage, StorageError } from './storage.ts'

/** One store under test and what its engine can be made to do. */
export interface StoreUnderTest {
  readonly store: Storage
  /** The process dies and comes back: the store as a new process finds it. The old one is not used again. */
  crash(): Storage
  /** The next commit fails. */
  failNextCommit(): void
  /** A bit of the stored value changes while nobody looks. The store as found afterwards. */
  flipBit(actor: string, key: string): Storage
}

const a = actorId('acceptor', 'stock.3')
const b = actorId('learner', 'stock.3')
const n2 = nodeId('n2')

const identity: Identity = { cluster: 'c', node: nodeId('n1'), incarnation: 'i1', amnesiac: false }

export function describeStorage(name: string, open: () => StoreUnderTest): void {
  describe(`${name}: rows`, () => describeRows(open))
  describe(`${name}: writes of a turn`, () => describeMerging(open))
  describe(`${name}: turns`, () => describeTurns(open))
  describe(`${name}: what the node knows of itself and others`, () => describeIdentity(open))
  describe(`${name}: damage`, () => describeDamage(open))
}

function all(rows: Rows, range?: { from: string; to: string }): [string, unknown][] {
  return [...rows.entries(range)].map(([key, value]) => [key, value])
}

function describeRows(open: () => StoreUnderTest): void {
  it('[ST1] gives back equal values, of every structured-cloneable kind', () => {
    const { store } = open()
    const values: [string, unknown][] = [
      ['null', null],
      ['undefined', undefined],
      ['text', 'naïve \u{1f600} \0'],
      ['number', 1.5],
      ['bigint', 2n ** 62n],
      ['bytes', new Uint8Array([0, 255, 7])],
      ['nested', { list: [1, { two: 'three' }], empty: {} }],
    ]
    store.commit(
      1,
      values.map(([key, value]) => ({ actor: a, key, value })),
    )
    for (const [key, value] of values) expect(normal(store.rows(a).get(key))).toEqual(value)
  })

  it('[ST1] what is read is a value of its own: changing it changes no row', () => {
    const { store } = open()
    const saved = { list: [1] }
    store.commit(1, [{ actor: a, key: 'k', value: saved }])
    saved.list.push(2)
    const read = store.rows(a).get('k') as { list: number[] }
    read.list.push(3)
    expect(store.rows(a).get('k')).toEqual({ list: [1] })
  })

  it('[ST2] an actor sees its own rows only', () => {
    const { store } = open()
    store.commit(1, [
      { actor: a, key: 'k', value: 1 },
      { actor: b, key: 'k', value: 2 },
      { actor: b, key: 'l', value: 3 },
    ])
    expect(all(store.rows(a))).toEqual([['k', 1]])
    expect(all(store.rows(b))).toEqual([
      ['k', 2],
      ['l', 3],
    ])
    store.commit(2, [{ actor: b, erase: { from: '', to: '\uffff' } }])
    expect(all(store.rows(a))).toEqual([['k', 1]])
  })

  it('[ST3] entries come in the order of UTF-16 code units, also keys that UTF-8 orders otherwise', () => {
    const { store } = open()
    const keys = ['', 'a', 'a\0', 'aa', 'b', 'é', '\ud7fe', '\ud7ff', '\u{10000}', '\u{1f600}z', '\ud800']
    keys.push('\udfff', '\ue000', '\uffff', 'a\uffff', 'a\u{1f600}', 'B', '\ud7ff\0', '\ud800\ud7ff', "'; --")
    store.commit(
      1,
      keys.map((key, value) => ({ actor: a, key, value })),
    )
    const sorted = [...keys].sort()
    expect(all(store.rows(a)).map(([key]) => key)).toEqual(sorted)
    for (const [i, key] of keys.entries()) expect(store.rows(a).get(key)).toBe(i)
    for (const from of keys) {
      for (const to of keys) {
        const expected = sorted.filter(key => key >= from && key < to)
        expect(all(store.rows(a), { from, to }).map(([key]) => key)).toEqual(expected)
      }
    }
  })

  it('[ST3] a range has its first key and not its last; without one, all rows come, however many and large', () => {
    const { store } = open()
    const rows = Array.from({ length: 3_000 }, (_, i) => ({
      actor: a,
      key: `k${String(i).padStart(5, '0')}`,
      value: i % 500 === 0 ? new Uint8Array(i === 500 ? 1_500_000 : 700_000) : i,
    }))
    store.commit(1, rows)
    expect(all(store.rows(a)).map(([key]) => key)).toEqual(rows.map(row => row.key))
    expect(all(store.rows(a), { from: 'k00007', to: 'k00010' })).toEqual([
      ['k00007', 7],
      ['k00008', 8],
      ['k00009', 9],
    ])
  })

  it('[ST3] walks may be nested, left early, and followed by a commit', () => {
    const { store } = open()
    store.commit(1, [
      { actor: a, key: 'k', value: 1 },
      { actor: a, key: 'l', value: 2 },
    ])
    const pairs: string[] = []
    for (const [outer] of store.rows(a).entries())
      for (const [inner] of store.rows(a).entries()) pairs.push(`${outer}${inner}`)
    expect(pairs).toEqual(['kk', 'kl', 'lk', 'll'])
    for (const [key] of store.rows(a).entries()) {
      expect(key).toBe('k')
      break
    }
    store.commit(2, [{ actor: a, key: 'm', value: 3 }])
    expect(store.rows(a).get('m')).toBe(3)
  })

  it('[ST4] lists every actor that has rows, and no other', () => {
    const { store } = open()
    expect(store.actors()).toEqual([])
    store.commit(1, [
      { actor: b, key: 'k', value: 1 },
      { actor: a, key: 'k', value: 1 },
      { actor: a, key: 'l', value: 1 },
    ])
    expect(store.actors()).toEqual([a, b])
    store.commit(2, [{ actor: b, erase: 'k' }])
    expect(store.actors()).toEqual([a])
  })
}

/** Bytes come back as a `Buffer`, which is a `Uint8Array`, though not to deep equality. */
function normal(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value) : value
}

function describeMerging(open: () => StoreUnderTest): void {
  it('[ST5] of several writes to one key in a turn the last one counts', () => {
    const { store } = open()
    store.commit(1, [
      { actor: a, key: 'k', value: 1 },
      { actor: a, key: 'k', value: 2 },
      { actor: a, key: 'gone', value: 1 },
      { actor: a, erase: 'gone' },
      { actor: a, erase: 'back' },
      { actor: a, key: 'back', value: 3 },
    ])
    expect(all(store.rows(a))).toEqual([
      ['back', 3],
      ['k', 2],
    ])
  })

  it('[ST5] erasing a range takes what was there and what the turn wrote before, not what it writes after', () => {
    const { store } = open()
    store.commit(1, [
      { actor: a, key: 'b1', value: 1 },
      { actor: a, key: 'c', value: 1 },
    ])
    store.commit(2, [
      { actor: a, key: 'b2', value: 2 },
      { actor: a, key: 'a', value: 2 },
      { actor: a, erase: { from: 'b', to: 'c' } },
      { actor: a, key: 'b3', value: 2 },
    ])
    expect(all(store.rows(a))).toEqual([
      ['a', 2],
      ['b3', 2],
      ['c', 1],
    ])
  })

  it('[ST5] an empty or turned-round range erases nothing', () => {
    const { store } = open()
    store.commit(1, [{ actor: a, key: 'k', value: 1 }])
    store.commit(2, [
      { actor: a, erase: { from: 'k', to: 'k' } },
      { actor: a, erase: { from: 'z', to: 'a' } },
    ])
    expect(store.rows(a).get('k')).toBe(1)
  })
}

function describeTurns(open: () => StoreUnderTest): void {
  it('[ST6] a new store is at turn 0, and each commit takes it one further', () => {
    const { store } = open()
    expect(store.turn()).toBe(0)
    store.commit(1, [])
    expect(store.turn()).toBe(1)
    for (const wrong of [0, 1, 3]) expect(() => store.commit(wrong, [])).toThrow(/is committed after turn 1/)
    expect(store.turn()).toBe(1)
  })

  it('[ST7] a crash keeps everything that was committed', () => {
    const { store, crash } = open()
    store.setIdentity(identity)
    store.commit(1, [{ actor: a, key: 'k', value: 1 }], new Map([[n2, { incarnation: 'x', turn: 7 }]]))
    store.commit(2, [{ actor: a, key: 'l', value: 2 }])
    const after = crash()
    expect(after.turn()).toBe(2)
    expect(after.identity()).toEqual(identity)
    expect(after.sightings()).toEqual(new Map([[n2, { incarnation: 'x', turn: 7 }]]))
    expect(all(after.rows(a))).toEqual([
      ['k', 1],
      ['l', 2],
    ])
    after.commit(3, [{ actor: a, key: 'm', value: 3 }])
    expect(after.turn()).toBe(3)
  })

  it('[ST8] a failed commit writes nothing of its turn, and the store then refuses to write and to read', () => {
    const { store, crash, failNextCommit } = open()
    store.commit(1, [{ actor: a, key: 'k', value: 1 }])
    failNextCommit()
    const writes = [
      { actor: a, key: 'k', value: 2 },
      { actor: a, key: 'large', value: new Uint8Array(4_000_000) },
    ]
    expect(() => store.commit(2, writes)).toThrow(StorageError)
    expect(() => store.commit(2, [])).toThrow(StorageError)
    expect(() => store.rows(a).get('other')).toThrow(StorageError)
    const after = crash()
    expect(after.turn()).toBe(1)
    expect(all(after.rows(a))).toEqual([['k', 1]])
  })

  it('[ST8] a value that cannot be encoded leaves no half turn, and the store usable', () => {
    const { store } = open()
    const unreadable = {
      get field(): never {
        throw new Error('not a value')
      },
    }
    const writes = [
      { actor: a, key: 'k', value: 1 },
      { actor: a, key: 'l', value: unreadable },
    ]
    expect(() => store.commit(1, writes)).toThrow('not a value')
    expect(store.turn()).toBe(0)
    expect(all(store.rows(a))).toEqual([])
    store.commit(1, [{ actor: a, key: 'k', value: 1 }])
    expect(store.turn()).toBe(1)
  })
}

function describeIdentity(open: () => StoreUnderTest): void {
  it('[ST9] a store that was never used has no identity; a set one is durable', () => {
    const { store, crash } = open()
    expect(store.identity()).toBeUndefined()
    store.setIdentity(identity)
    store.setIdentity({ ...identity, incarnation: 'i2', amnesiac: true })
    expect(store.turn()).toBe(0)
    expect(crash().identity()).toEqual({ ...identity, incarnation: 'i2', amnesiac: true })
  })

  it('[ST9] an identity and the sightings that come with it are durable together, over those of turns before', () => {
    const { store, crash } = open()
    const n3 = nodeId('n3')
    store.commit(1, [{ actor: a, key: 'k', value: 1 }], new Map([[n2, { incarnation: 'x', turn: 7 }]]))
    const learnt = new Map<NodeId, Sighting>([
      [n2, { incarnation: 'y', turn: 2 }],
      [n3, { incarnation: 'z', turn: 9, hearsay: true }],
    ])
    store.setIdentity(identity, learnt)
    expect(store.turn()).toBe(1)
    expect(store.sightings()).toEqual(learnt)
    const after = crash()
    expect(after.identity()).toEqual(identity)
    expect(after.sightings()).toEqual(learnt)
    expect(after.rows(a).get('k')).toBe(1)
    after.commit(2, [], new Map([[n3, { incarnation: 'z', turn: 9 }]]))
    expect(after.sightings().get(n3)).toEqual({ incarnation: 'z', turn: 9 })
  })

  it('[ST10] the latest sighting of each peer is kept', () => {
    const { store, crash } = open()
    const n3 = nodeId('n3')
    store.commit(1, [], new Map([[n2, { incarnation: 'x', turn: 7 }]]))
    store.commit(2, [], new Map([[n3, { incarnation: 'y', turn: 1 }]]))
    store.commit(3, [], new Map([[n2, { incarnation: 'z', turn: 2, hearsay: true }]]))
    const expected = new Map<NodeId, Sighting>([
      [n2, { incarnation: 'z', turn: 2, hearsay: true }],
      [n3, { incarnation: 'y', turn: 1 }],
    ])
    expect(store.sightings()).toEqual(expected)
    expect(crash().sightings()).toEqual(expected)
  })
}

function describeDamage(open: () => StoreUnderTest): void {
  it('[ST11] a damaged row is refused, naming actor and key; the others are read', () => {
    const { store, flipBit } = open()
    store.commit(1, [
      { actor: a, key: 'good', value: 1 },
      { actor: a, key: 'slot/17', value: { command: 'buy' } },
    ])
    const damaged = flipBit(a, 'slot/17')
    const read = () => damaged.rows(a).get('slot/17')
    expect(read).toThrow(DamagedRow)
    expect(read).toThrow(/slot\/17.*acceptor\/stock\.3/)
    expect(() => all(damaged.rows(a))).toThrow(DamagedRow)
    expect(damaged.rows(a).get('good')).toBe(1)
    // It could be the damaged row under another key.
    expect(() => damaged.rows(a).get('absent')).toThrow(DamagedRow)
    expect(() => all(damaged.rows(a), { from: 'a', to: 'b' })).toThrow(DamagedRow)
    expect(damaged.rows(b).get('absent')).toBeUndefined()
    try {
      read()
    } catch (error) {
      expect(error).toMatchObject({ actor: a, key: 'slot/17' })
    }
  })

  it('[ST11] writing or erasing a damaged row repairs it', () => {
    const { store, flipBit } = open()
    store.commit(1, [
      { actor: a, key: 'k', value: 'before' },
      { actor: a, key: 'l', value: 'before' },
    ])
    flipBit(a, 'k')
    const damaged = flipBit(a, 'l')
    damaged.commit(2, [
      { actor: a, key: 'k', value: 'after' },
      { actor: a, erase: 'l' },
    ])
    expect(all(damaged.rows(a))).toEqual([['k', 'after']])
  })
}
