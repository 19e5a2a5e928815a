import { expect, test } from 'vitest'
import { address, nodeId } from '../address.ts'
import type { Envelope } from '../kernel/ports.ts'
import { AddressHash, arriving, encodedMessages } from './wire.ts'

const [n1, n2] = [nodeId('n1'), nodeId('n2')]
const [a, b] = [address(n1, 'a', 'x'), address(n2, 'b', 'x')]

test('what arrives is what was sent, in objects that nobody else holds', () => {
  const sent: Envelope[] = [
    { to: a, from: b, message: { type: 'plain', list: [1, 'two', null, undefined] } },
    { to: a, from: b, message: 'asked', request: { node: n2, id: 7 }, trace: 't' },
    { to: b, from: a, message: { outcome: 'timeout' }, request: { node: n2, id: 7 }, isReply: true },
  ]
  const bytes = encodedMessages(sent)
  const [once, again] = [arriving(sent, bytes), arriving(sent, bytes)]
  expect([once, again]).toStrictEqual([sent, sent])
  for (const [index, one] of once.entries()) {
    expect(one).not.toBe(again[index])
    expect(one.request === undefined || one.request !== sent[index]?.request).toBe(true)
  }
  expect(once[0]?.message).not.toBe(again[0]?.message)
})

test('what does not survive encoding shows', () => {
  const sent: Envelope[] = [{ to: a, from: b, message: { map: new Map([['k', 1]]), call: () => 1 } }]
  const [arrived] = arriving(sent, encodedMessages(sent))
  expect(arrived?.message).toEqual({ map: { k: 1 } })
})

test('the hash tells who sends what to whom, and which request is meant', () => {
  const hash = new AddressHash()
  const frames: readonly (readonly Envelope[])[] = [
    [{ to: a, from: b, message: 1 }],
    [{ to: b, from: a, message: 1 }],
    [{ to: a, from: a, message: 1 }],
    [{ to: a, from: b, message: 1, request: { node: n1, id: 1 } }],
    [{ to: a, from: b, message: 1, request: { node: n1, id: 2 } }],
    [
      { to: a, from: b, message: 1 },
      { to: a, from: b, message: 1 },
    ],
    [
      { to: a, from: b, message: 1 },
      { to: b, from: a, message: 1 },
    ],
    [
      { to: b, from: a, message: 1 },
      { to: a, from: b, message: 1 },
    ],
  ]
  const hashes = frames.map(frame => hash.of(frame))
  expect(new Set(hashes).size).toBe(frames.length)
  expect(frames.map(frame => new AddressHash().of(frame))).toEqual(hashes)
})
