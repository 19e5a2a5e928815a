import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { insertKey, keysBetween, removeKey, sortedKeys } from './sorted-keys.ts'
import { StoreReader, StoreWriter } from './store.ts'
import { checkStore, checkStoreAfter } from './store-check.ts'
import {
  type Cursor,
  Entry,
  liveEntries,
  rowsAfter,
  type StoreData,
  storeData,
  type TableData,
  writeChanges,
} from './store-data.ts'

const keys = fc.string({ maxLength: 3, unit: fc.constantFrom('a', 'b', '/', '\u{1f600}', '￿') })
/** Kinds that have a table; keys of all of them, and of none, come out of `keys`. */
const kinds = fc.subarray(['a', 'b', 'aa', 'a\u{1f600}', ''], { maxLength: 4 })

describe('ordered keys', () => {
  test('[RM3] in the order of UTF-16 code units, as a sorted array would give them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, fc.boolean())), keys, keys, (changes, from, to) => {
        const ordered = sortedKeys()
        const twin = new Set<string>()
        for (const [key, insert] of changes) {
          if (insert && !twin.has(key)) insertKey(ordered, key)
          if (!insert) removeKey(ordered, key)
          if (insert) twin.add(key)
          else twin.delete(key)
        }
        const expected = [...twin].filter(key => key >= from && key < to)
        expect([...keysBetween(ordered, from, to)]).toEqual(expected.sort((a, b) => (a < b ? -1 : 1)))
      }),
    )
  })

  test('[RM3] over many blocks', () => {
    const names = Array.from({ length: 5_000 }, (_, at) => String((at * 7_919) % 5_000).padStart(4, '0'))
    const ordered = sortedKeys(names.slice(0, 100))
    for (const name of names.slice(100)) insertKey(ordered, name)
    expect([...keysBetween(ordered, '', '~')]).toEqual([...names].sort())
    for (const name of names) if (Number(name) % 10 > 0) removeKey(ordered, name)
    expect([...keysBetween(ordered, '0100', '0150')]).toEqual(['0100', '0110', '0120', '0130', '0140'])
    expect(ordered.blocks.every(block => block.length > 0)).toBe(true)
  })

  test('[RM3] a scan goes on while keys come and go', () => {
    const names = Array.from({ length: 2_000 }, (_, at) => String(at).padStart(4, '0'))
    const ordered = sortedKeys(names)
    const seen: string[] = []
    for (const key of keysBetween(ordered, '', '~')) {
      seen.push(key)
      removeKey(ordered, key)
      if (key === '0500') insertKey(ordered, '0500x')
    }
    expect(seen).toEqual([...names.slice(0, 501), '0500x', ...names.slice(501)])
  })
})

describe('the store', () => {
  test('[RM1] undo restores what the command found: values, keys, order', () => {
    fc.assert(
      fc.property(
        fc.dictionary(keys, fc.integer()),
        fc.array(fc.tuple(keys, fc.option(fc.integer()))),
        kinds,
        (before, changes, tables) => {
          const data = storeData(Object.entries(before), tables)
          const writer = new StoreWriter(data)
          for (const [key, value] of changes) value === null ? writer.delete(key) : writer.put(key, value)
          writer.undo()
          const expected = Object.entries(before).sort(([a], [b]) => (a < b ? -1 : 1))
          expect([...new StoreReader(data).scan()]).toEqual(expected)
          checkStore(data)
        },
      ),
    )
  })

  test('[RM1] what was committed stays', () => {
    const data = storeData()
    const writer = new StoreWriter(data)
    writer.put('a', 1)
    writer.commit()
    writer.put('a', 2)
    writer.delete('a')
    writer.undo()
    expect(writer.get('a')).toBe(1)
    expect(writer.size).toBe(1)
  })

  test('[RM3] a scan meets keys that are put while it runs', () => {
    const writer = new StoreWriter(storeData([['a', 1]]))
    const seen: string[] = []
    for (const [key] of writer.scan('', '~')) {
      seen.push(key)
      if (key === 'a') writer.put('b', 2)
    }
    expect(seen).toEqual(['a', 'b'])
  })

  test('[RM4] keys that changed are known until the rows hold them', () => {
    const data = storeData([['a', 1]])
    const writer = new StoreWriter(data)
    writer.put('b', 1)
    writer.delete('a')
    const written: unknown[] = []
    writeChanges(data, (prefix, name, value) => written.push([prefix + name, value]))
    expect(written).toEqual([
      ['b', 1],
      ['a', undefined],
    ])
  })

  test('[RM4] nothing but the value is kept of a row that is written and in order', () => {
    const data = storeData([['a', 1]], ['t'])
    const writer = new StoreWriter(data)
    const kept = () => [unsettledIn(data.rest), unsettledIn(data.tables.get('t'))]
    writer.put('a', 2)
    writer.put('b', 1)
    writer.table('t').put('c', 1)
    writer.commit()
    expect(kept()).toEqual([2, 1])
    writeChanges(data, () => undefined)
    writer.put('a', 3)
    writeChanges(data, () => undefined)
    expect(kept(), 'b and c are not in order yet, and a has changed again').toEqual([2, 1])
    expect([...writer.scan()]).toEqual([
      ['a', 3],
      ['b', 1],
      ['t/c', 1],
    ])
    writeChanges(data, () => undefined)
    expect(kept()).toEqual([0, 0])
    writer.delete('b')
    writer.undo()
    expect(writer.get('b')).toBe(1)
  })

  test('[RM4] a key that came and went since the last flush is clean', () => {
    const data = storeData()
    const writer = new StoreWriter(data)
    writer.put('lock', 1)
    writer.commit()
    writer.delete('lock')
    writer.commit()
    expect(data.dirty).toBe(0)
  })

  test('[RM3, RM4] whatever commands did, a scan gives each key once, and a flush makes the rows equal to the entries', () => {
    const key = fc.constantFrom('a/1', 'a/2', 'b')
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({
        do: fc.constantFrom('commit' as const, 'undo' as const, 'flush' as const, 'scan' as const),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 80 }), kinds, (steps, tables) => {
        const data = storeData([], tables)
        const writer = new StoreWriter(data)
        const rows = new Map<string, unknown>()
        const flush = () => {
          writer.commit()
          const { dirty, erased } = data
          let written = 0
          let gone = 0
          writeChanges(data, (prefix, name, value) => {
            const key = prefix + name
            written++
            if (value !== undefined) rows.set(key, value)
            else if (rows.delete(key)) gone++
          })
          expect([written, gone]).toEqual([dirty, erased])
          expect([...rows].sort()).toEqual([...liveEntries(data)].sort())
        }
        for (const [at, one] of steps.entries()) {
          if (one.do === 'put') writer.put(one.key, at)
          else if (one.do === 'delete') writer.delete(one.key)
          else if (one.do === 'flush') flush()
          else if (one.do === 'scan') expect([...writer.scan('', '~')]).toEqual([...liveEntries(data)].sort())
          else writer[one.do]()
          checkStore(data)
        }
        flush()
      }),
    )
  })

  test('[RM9] a row with two values is seen: at once when few rows changed or it is new, else within 16 slots', () => {
    for (const [rows, broken, seenAt] of [
      [10, 0, 101],
      [100, 99, 101],
      [100, 0, 116],
    ] as const) {
      const data = storeData()
      const writer = new StoreWriter(data)
      for (let at = 0; at < rows; at++) writer.put(`key${at}`, at)
      checkStoreAfter(data, 100)
      data.rest.rows.set(`key${broken}`, 'another value')
      for (let slot = 101; slot < seenAt; slot++) checkStoreAfter(data, slot)
      expect(() => checkStoreAfter(data, seenAt)).toThrow('one value')
    }
  })

  test('[RM9] whatever changes a store makes it looked at, without a slot too', () => {
    const changes: readonly ((writer: StoreWriter, data: StoreData) => unknown)[] = [
      writer => writer.put('c', 1),
      writer => writer.delete('a'),
      writer => [...writer.scan('', '~')],
      (_writer, data) => writeChanges(data, () => {}),
    ]
    for (const change of changes) {
      const data = storeData([['a', 1]])
      const writer = new StoreWriter(data)
      writer.put('b', 1)
      checkStoreAfter(data, 1)
      for (const name of ['x', 'y', 'z']) data.rest.rows.set(name, 'nobody put it')
      checkStoreAfter(data, 1)
      change(writer, data)
      expect(() => checkStoreAfter(data, 1)).toThrow('what is gone')
    }
  })

  test('[RM1] a deleted key is gone for everybody, and its place is given up in time', () => {
    const data = storeData()
    const writer = new StoreWriter(data)
    for (let at = 0; at < 10_000; at++) {
      writer.put(`key${at}`, at)
      writer.put('lock', at)
      writer.delete('lock')
      writer.delete(`key${at}`)
      writer.commit()
    }
    expect([writer.get('lock'), writer.has('lock'), writer.size]).toEqual([undefined, false, 0])
    expect([...writer.scan('', '~'), ...liveEntries(data)]).toEqual([])
    expect(data.rest.rows.size).toBeLessThan(5_000)
    writer.put('lock', 1)
    expect([...liveEntries(data)]).toEqual([['lock', 1]])
  })
})

function unsettledIn(table: TableData | undefined): number {
  return [...(table?.rows.values() ?? [])].filter(row => row instanceof Entry).length
}

describe('tables', () => {
  test('[RM9] a row is the same by its key and by its kind and name', () => {
    const writer = new StoreWriter(storeData([['lock/a/b', 1]], ['lock', 'record']))
    const locks = writer.table('lock')
    expect([locks.get('a/b'), locks.has('a/b'), locks.get('a'), writer.get('lock/a/b')]).toEqual([
      1,
      true,
      undefined,
      1,
    ])
    writer.put('lock/c', 2)
    locks.put('d', 3)
    writer.table('record').put('c', 4)
    expect([...locks.scan()]).toEqual([
      ['a/b', 1],
      ['c', 2],
      ['d', 3],
    ])
    expect([locks.get('c'), writer.get('lock/d'), writer.get('record/c')]).toEqual([2, 3, 4])
    locks.delete('c')
    expect([writer.has('lock/c'), locks.size, writer.size]).toEqual([false, 2, 3])
    expect(() => writer.table('other')).toThrow('tables')
  })

  test('[RM9] undo, flush and the state as a whole know no difference', () => {
    const data = storeData([['lock/a', 1]], ['lock'])
    const writer = new StoreWriter(data)
    writer.table('lock').put('a', 2)
    writer.table('lock').put('b', 2)
    writer.undo()
    expect([...liveEntries(data)]).toEqual([['lock/a', 1]])
    writer.table('lock').delete('a')
    writer.put('plain', 5)
    const written: unknown[] = []
    writeChanges(data, (prefix, name, value) => written.push([prefix + name, value]))
    expect(written).toEqual([
      ['lock/a', undefined],
      ['plain', 5],
    ])
  })

  test('[RM9, RM3] scans are in the order of keys, whatever has a table, over any range', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(keys),
        kinds,
        keys,
        fc.option(keys, { nil: undefined }),
        (all, tables, from, to) => {
          const reader = new StoreReader(
            storeData(
              all.map(key => [key, 1] as const),
              tables,
            ),
          )
          const expected = all.filter(key => key >= from && (to === undefined || key < to)).sort()
          expect([...reader.scan(from, to)].map(([key]) => key)).toEqual(expected)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('[RM9, PX25] a walk in steps gives each row once, whatever comes and goes beside it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(keys), fc.uniqueArray(keys), kinds, (all, others, tables) => {
        const data = storeData(
          all.map(key => [key, 1] as const),
          tables,
        )
        const writer = new StoreWriter(data)
        const met: string[] = []
        let cursor: Cursor | undefined
        let most = 1
        do {
          const before = met.length
          cursor = rowsAfter(data, cursor, most, (prefix, name) => met.push(prefix + name))
          expect(met.length - before).toBeLessThanOrEqual(most)
          most = 1 + (most % 3)
          const other = others.pop()
          if (other === undefined) continue
          if (all.includes(other)) writer.put(other, 2)
          else writer.put(other, 1)
          writer.commit()
        } while (cursor !== undefined)
        expect(new Set(met).size).toBe(met.length)
        for (const key of all) expect(met).toContain(key)
      }),
    )
  })
})
