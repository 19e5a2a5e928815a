import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Address, nodeId } from '../address.ts'
import { decode, encode } from '../codec.ts'
import type { Envelope } from '../kernel/ports.ts'
import { decodeFrame, encodeEnvelopes, encodeHeartbeat } from './frame.ts'
import { FrameError } from './frame-error.ts'

const n1 = nodeId('n1')
const n2 = nodeId('n2')
const claim = { incarnation: '3-abc', turn: 41 }
const to = 'n2/acceptor/stock.3' as Address
const from = 'n1/proposer/stock.3' as Address
const outside = '' as Address

const sample: Envelope[] = [
  { to, from, message: { type: 'accept', slot: 7, value: new Uint8Array([1, 2, 3]) } },
  { to, from, message: { type: 'accept', slot: 8, value: new Uint8Array(0) }, trace: '00-aa-bb-01' },
  { to, from: outside, message: ['any', { nested: null }], request: { node: n1, id: 2 ** 51 } },
  {
    to: 'n2/kernel/asker' as Address,
    from,
    message: { outcome: 'answered', result: undefined },
    request: { node: n2, id: 9 },
    isReply: true,
  },
]

function read(envelopes: readonly Envelope[]): Envelope[] {
  const frame = decodeFrame(encodeEnvelopes(claim, envelopes), n1, n2)
  if (frame.kind !== 'envelopes') throw new Error(frame.kind)
  return frame.envelopes
}

describe('a frame', () => {
  test('[MS7] carries what was put in, and whose it is', () => {
    expect(decodeFrame(encodeEnvelopes(claim, sample), n1, n2)).toEqual({
      kind: 'envelopes',
      ...claim,
      envelopes: sample,
    })
    expect(decodeFrame(encodeHeartbeat('ping', claim, 12.5), n1, n2)).toEqual({
      kind: 'ping',
      ...claim,
      stampMs: 12.5,
    })
  })

  test('[MS7] carries any message that can be encoded', () => {
    const message = fc.object({ withBigInt: false, withDate: true, withMap: false, withSet: true })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), messages => {
        const envelopes = messages.map(each => ({ to, from, message: each }))
        const plain = messages.map(each => decode(encode(each)))
        expect(read(envelopes).map(each => each.message)).toEqual(plain)
      }),
    )
  })

  test('[MS8] can be read alone, whatever came before', () => {
    const frames = [1, 2, 3].map(slot => encodeEnvelopes(claim, [{ to, from, message: { type: 'a', slot } }]))
    for (const frame of frames.toReversed()) expect(decodeFrame(frame, n1, n2).kind).toBe('envelopes')
    expect(frames[0]?.length).toBe(frames[2]?.length)
  })

  test('[MS7] names each address once', () => {
    const long = `n2/acceptor/${'x'.repeat(500)}` as Address
    const envelopes = Array.from({ length: 100 }, (_, slot) => ({ to: long, from, message: { slot } }))
    expect(encodeEnvelopes(claim, envelopes).length).toBeLessThan(2_000)
  })

  test('[MS7] gives bytes that do not keep the frame alive', () => {
    const values = [new Uint8Array([1, 2, 3]), Buffer.from([1, 2, 3])]
    for (const { message } of read(values.map(value => ({ to, from, message: value })))) {
      expect([...(message as Uint8Array)]).toEqual([1, 2, 3])
      expect((message as Uint8Array).buffer.byteLength).toBe(3)
    }
  })

  test.each<[string, Envelope]>([
    ['an actor of another node', { to: 'n3/a/b' as Address, from, message: 1 }],
    ['an address without a name', { to: 'n2/a' as Address, from, message: 1 }],
    ['an address with an empty type', { to: 'n2//b' as Address, from, message: 1 }],
    ['a third node', { to, from: 'n3/a/b' as Address, message: 1 }],
    ['this node itself', { to, from: to, message: 1 }],
    ['a request for a third node', { to, from: outside, message: 1, request: { node: nodeId('n3'), id: 1 } }],
    ['a request with a broken number', { to, from: outside, message: 1, request: { node: n1, id: -1 } }],
    [
      'a reply to another node',
      { to, from, message: { outcome: 'timeout' }, request: { node: n1, id: 1 }, isReply: true },
    ],
    ['a reply that is no answer', { to, from, message: 'yes', request: { node: n2, id: 1 }, isReply: true }],
  ])('[MS9] that names %s is refused', (_, envelope) => {
    expect(() => read([...sample, envelope])).toThrow(FrameError)
  })

  const malformed: unknown[] = [
    undefined,
    null,
    42,
    'frame',
    {},
    [],
    [1],
    [9, '1-a', 1],
    [1, 'nonsense', 1, [], [], []],
    [1, '1-a', -1, [], [], []],
    [1, '1-a', 1.5, [], [], []],
    [1, '1-a', 1, [], [], {}],
    [1, '1-a', 1, [7], [0, 0], ['m']],
    [1, '1-a', 1, ['n2/a/b', 'n1/a/b'], [0], ['m']],
    [1, '1-a', 1, ['n2/a/b', 'n1/a/b'], [0, 7], ['m']],
    [1, '1-a', 1, ['n2/a/b', 'n1/a/b'], ['length', 1], ['m']],
    [1, '1-a', 1, ['n2/a/b', 'n1/a/b'], [0, 1], ['m'], [0]],
    [1, '1-a', 1, ['n2/a/b', 'n1/a/b'], [0, 1], ['m'], [5, null, 0, false, null]],
    [1, '1-a', 1, ['n2/a/b', 'n1/a/b'], [0, 1], ['m'], [0, null, 0, false, 7]],
    [2, '1-a', 1, 'late'],
    [2, '1-a', 1, Number.NaN],
  ]
  test.each(malformed.map(fields => [JSON.stringify(fields) ?? 'undefined', fields]))(
    '[MS9] %s is no frame',
    (_, fields) => {
      expect(() => decodeFrame(encode(fields), n1, n2)).toThrow(FrameError)
    },
  )

  test('[MS9] arbitrary bytes are a frame or a FrameError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        framedOrRefused(bytes)
      }),
      { numRuns: 5_000 },
    )
  })

  test('[MS9] damaged frames are a frame or a FrameError, nothing else', () => {
    const good = encodeEnvelopes(claim, sample)
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(damage, fc.nat(good.length), (changes, end) => {
        const bytes = Uint8Array.from(good)
        for (const [at, value] of changes) bytes[at] = value
        framedOrRefused(bytes)
        framedOrRefused(bytes.subarray(0, end))
      }),
      { numRuns: 5_000 },
    )
    expect(decodeFrame(good, n1, n2).kind).toBe('envelopes')
  })
})

function framedOrRefused(bytes: Uint8Array): void {
  try {
    decodeFrame(bytes, n1, n2)
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
  }
}
