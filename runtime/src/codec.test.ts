import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { decode, decodeReceived, encode } from './codec.ts'
import { wireVersion } from './mesh/handshake.ts'
import { replaced, shapes } from './shapes.ts'

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

const maps = new Packr({
  useRecords: false,
  variableMapSize: true,
  moreTypes: true,
  mapsAsObjects: true,
  useToJSON: false,
})
/** What versions before the table wrote: names with every object, or with the first object of each shape. */
const inline = new Packr({ useRecords: true, moreTypes: true, mapsAsObjects: true })

describe('listed shapes', () => {
  test('change nothing in what is read', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, shaped)), values => {
        const same = maps.unpack(maps.pack(values))
        expect(decode(encode(values))).toEqual(same)
        expect(decodeReceived(encode(values))).toEqual(same)
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
      { constructor: 1, toJSON: 2 },
      { toJSON: { constructor: null, hasOwnProperty: 3, length: 4, valueOf: 6 } },
      { value: { constructor: 'x', prototype: [] }, version: 1 },
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

  test('are those of this wire version and file format: after a change raise both, or the first if all stays readable', () => {
    const table = createHash('sha256').update(shapes.join('\n')).digest('hex').slice(0, 16)
    expect([wireVersion, table]).toEqual([5, '3048820ff3d51f6f'])
  })
})

test.for(Object.entries(replaced))(
  'a value of shape %s that was written as %s is read',
  ([shape, before]) => {
    const numbered = (names: string) =>
      Object.fromEntries(names.split(',').map(name => [name, shape.split(',').indexOf(name)]))
    const bytes = [...encode(numbered(shape))]
    const [id, ...values] = bytes
    const kept = Object.values(numbered(before)).map(at => values[at] ?? 0)
    const old = Uint8Array.from([id ?? 0, ...kept])
    expect(decode(old)).toEqual(numbered(before))
    expect(decode(Uint8Array.from([0x92, ...old, 5]))).toEqual([numbered(before), 5])
    expect(decode(Uint8Array.from(bytes))).toEqual(numbered(shape))
  },
)

describe('bytes of versions before the table', () => {
  test('are read, whether their names stood with every object or with the first', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, shaped, fc.integer({ min: 60, max: 130 }))), values => {
        const same = maps.unpack(maps.pack(values))
        for (const older of [inline, maps]) expect(decode(older.pack(values))).toEqual(same)
      }),
    )
  })

  test('a small number that is a shape now is a number in them', () => {
    for (let number = 0; number < 200; number++) {
      for (const value of [
        number,
        [number],
        { value: number, version: number },
        [[number, 'a'], number, 5],
      ]) {
        expect(decode(maps.pack(value))).toEqual(value)
      }
    }
  })

  test('leave the listed ones as they are, also when they are cut short', () => {
    const objects = shapes.map(shape => Object.fromEntries(shape.split(',').map((key, at) => [key, at])))
    const listed = encode(objects)
    const others = Array.from({ length: 40 }, (_, at) => ({ [`a${at}`]: 1, b: 2 }))
    const defining = inline.pack([...others, ...others, ...others])
    for (let length = 1; length <= defining.length; length++) {
      for (const read of [decode, decodeReceived]) {
        try {
          read(defining.subarray(0, length))
        } catch {
          // Cut short.
        }
      }
      expect(decode(listed)).toEqual(objects)
      expect(decodeReceived(listed)).toEqual(objects)
    }
  })
})

describe('bytes that somebody sent', () => {
  /** A list of so many items of those bytes each. */
  const listOf = (count: number, item: readonly number[]) =>
    Buffer.from([0xdc, count >> 8, count & 0xff, ...Array.from({ length: count }, () => item).flat()])
  const array = 0x91
  const text = [0xa1, 0x61]

  test.each([
    ['a shape', [array, 0xd4, 0x72, 0x41, array, ...text, 1]],
    ['a shape of two bytes', [array, 0xd5, 0x72, 0x01, 0x05, array, ...text, 1]],
    ['an object to point at', [array, 0xd6, 0x69, 0, 0, 0, 1, array, 1]],
    ['a pointer', [array, 0xd6, 0x70, 0, 0, 0, 1]],
    ['a bundle of strings', [array, 0xd6, 0x62, 0, 0, 0, 4, 1]],
    ['an error', [array, 0xd4, 0x65, 0, 0x93, ...text, ...text, ...text]],
    ['a regular expression', [array, 0xd4, 0x78, 0, 0x92, ...text, ...text]],
  ])('are refused when they hold %s', (_, bytes) => {
    expect(() => decodeReceived(Uint8Array.from(bytes))).toThrow()
    expect(decodeReceived(encode([{ value: 1, version: 2 }]))).toEqual([{ value: 1, version: 2 }])
  })

  test('name no function, whatever their fields are called', () => {
    for (const name of ['constructor', 'toJSON', 'then', 'valueOf', 'toString', 'hasOwnProperty']) {
      const value = decodeReceived(maps.pack([{ [name]: 1 }]))
      expect(decodeReceived(encode(value))).toEqual([{ [name]: 1 }])
    }
  })

  test('that are no shape are no value of the past: a token beyond the table is a number', () => {
    expect(decodeReceived(listOf(3, [0x7f]))).toEqual([127, 127, 127])
  })
})
