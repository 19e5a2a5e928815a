import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { insertKey, keysBetween, removeKey, sortedKeys } from './sorted-keys.ts'
import { checkStore, liveEntries, StoreReader, StoreWriter, storeData, writeChanges } from './store.ts'

const keys = fc.string({ maxLength: 3, unit: fc.constantFrom('a', 'b', '/', '\u{1f600}', '￿') })

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
        (before, changes) => {
          const data = storeData(Object.entries(before))
          const writer = new StoreWriter(data)
          for (const [key, value] of changes) value === null ? writer.delete(key) : writer.put(key, value)
          writer.undo()
          const expected = Object.entries(before).sort(([a], [b]) => (a < b ? -1 : 1))
          expect([...new StoreReader(data).scan('', '\uffff'.repeat(9))]).toEqual(expected)
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
    writeChanges(data, (key, value) => written.push([key, value]))
    expect(written).toEqual([
      ['b', 1],
      ['a', undefined],
    ])
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
    const key = fc.constantFrom('a', 'b')
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({
        do: fc.constantFrom('commit' as const, 'undo' as const, 'flush' as const, 'scan' as const),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 80 }), steps => {
        const data = storeData()
        const writer = new StoreWriter(data)
        const rows = new Map<string, unknown>()
        const flush = () => {
          writer.commit()
          const { dirty } = data
          let written = 0
          writeChanges(data, (key, value) => {
            written++
            if (value === undefined) rows.delete(key)
            else rows.set(key, value)
          })
          expect(written).toBe(dirty)
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
    expect(data.entries.size).toBeLessThan(5_000)
    writer.put('lock', 1)
    expect([...liveEntries(data)]).toEqual([['lock', 1]])
  })
})
