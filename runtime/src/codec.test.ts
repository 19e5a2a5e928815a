import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { decode, encode } from './codec.ts'
import { wireVersion } from './mesh/handshake.ts'
import { shapes } from './shapes.ts'

const plain = fc.anything({
  maxDepth: 4,
  withDate: true,
  withTypedArray: false,
  withNullPrototype: false,
  stringUnit: 'binary',
})
/** Objects of a listed shape, or of one that begins or ends like it. */
const shaped = fc
  .tuple(
    fc.constantFrom(...shapes),
    fc.constantFrom('', 'more'),
    fc.array(plain, { minLength: 10, maxLength: 10 }),
  )
  .map(([shape, more, values]) => {
    const keys = more === '' ? shape.split(',') : [...shape.split(','), more]
    return Object.fromEntries(keys.map((key, at) => [key, values[at]]))
  })

const maps = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true, mapsAsObjects: true })
/** What versions before the table wrote: the names with the first object of each shape. */
const inline = new Packr({ useRecords: true, moreTypes: true, mapsAsObjects: true })

describe('listed shapes', () => {
  test('change nothing in what is read', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, shaped)), values => {
        expect(decode(encode(values))).toEqual(maps.unpack(maps.pack(values)))
      }),
    )
  })

  test('values that only one of both could have trouble with', () => {
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]))
    const values: unknown[] = [
      wide,
      {},
      { a: undefined, b: null, 7: new Set([1, 'x']) },
      { value: undefined, version: 3 },
      { version: 3, value: 7 },
      { bytes: new Uint8Array([1, 2]), at: new Date(5) },
      [{ type: 'a', slot: 1 }, { type: 'a', slot: 2 }, { type: 'b' }],
      [63, 64, 95, 96, 127, 128, -32, -33],
      2 ** 40,
      -1.5,
    ]
    for (const value of values) expect(decode(encode(value))).toEqual(maps.unpack(maps.pack(value)))
  })

  test('take no bytes for their names', () => {
    for (const shape of shapes) {
      const keys = shape.split(',')
      expect(encode(Object.fromEntries(keys.map(key => [key, 1]))).length).toBe(1 + keys.length)
    }
  })

  test('take one byte each, and no two are the same', () => {
    expect(shapes.length).toBeLessThanOrEqual(32)
    expect(new Set(shapes).size).toBe(shapes.length)
  })

  test('are those of this wire version and file format: after a change raise both', () => {
    const table = createHash('sha256').update(shapes.join('\n')).digest('hex').slice(0, 16)
    expect([wireVersion, table]).toEqual([3, 'd300e4e9a998da46'])
  })
})

describe('bytes that define shapes themselves', () => {
  test('are read as before', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, shaped)), values => {
        expect(decode(inline.pack(values))).toEqual(maps.unpack(maps.pack(values)))
      }),
    )
  })

  test('leave the listed ones as they are, also when they are cut short', () => {
    const objects = shapes.map(shape => Object.fromEntries(shape.split(',').map((key, at) => [key, at])))
    const listed = encode(objects)
    const others = Array.from({ length: 40 }, (_, at) => ({ [`a${at}`]: 1, b: 2 }))
    const defining = inline.pack([...others, ...others, ...others])
    for (let length = 1; length <= defining.length; length++) {
      try {
        decode(defining.subarray(0, length))
      } catch {
        // Cut short.
      }
      expect(decode(listed)).toEqual(objects)
    }
  })
})
