import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chain, hashEntries } from './digest.ts'
import { applyBatch, encodeBatch, newHost } from './machine-host.ts'
import type { Applied, ApplyContext, StateMachine } from './state-machine.ts'
import { StoreReader } from './store.ts'

/** Adds to a counter; may write, and then throw. */
const adder: StateMachine<{ add: number; fail?: string }, number> = {
  name: 'adder',
  apply(store, command, context) {
    const sum = Number(store.get('sum') ?? 0) + command.add
    store.put('sum', sum)
    store.put(`at/${context.index}`, context)
    if (command.fail !== undefined) throw new RangeError(command.fail)
    return sum
  },
}

function batchAt(timeMs: number, ...commands: unknown[]): Uint8Array {
  return encodeBatch({ timeMs, commands })
}

describe('hosting a machine', () => {
  test('[RM1] a throwing command changes nothing, yields what failed, and takes its index', () => {
    const host = newHost(adder)
    const results: Applied<unknown>[] = []
    const value = batchAt(1, { add: 1 }, { add: 5, fail: 'too far' }, { add: 2 })
    applyBatch(host, adder, value, (_, applied) => results.push(applied))
    expect(results).toEqual([
      { ok: true, result: 1 },
      { ok: false, failed: 'RangeError: too far' },
      { ok: true, result: 3 },
    ])
    expect(host.index).toBe(3)
    expect(new StoreReader(host.store).has('at/2')).toBe(false)
  })

  test('[RM2] the clock never goes back, commands are counted over batches', () => {
    const host = newHost(adder)
    applyBatch(host, adder, batchAt(50, { add: 1 }))
    applyBatch(host, adder, batchAt(40, { add: 1 }))
    const context = new StoreReader(host.store).get('at/2') as ApplyContext
    expect(context).toEqual({ index: 2, timeMs: 50 })
    expect(host.applied).toBe(2)
  })

  test('[RM5] the digest follows the bytes and their order', () => {
    const [one, two] = [batchAt(1, { add: 1 }), batchAt(2, { add: 2 })]
    const digest = (...values: Uint8Array[]) => values.reduce(chain, 0)
    expect(digest(one, two)).not.toBe(digest(two, one))
    expect(chain(0, new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
    const host = newHost(adder)
    applyBatch(host, adder, one)
    applyBatch(host, adder, two)
    expect(host.digest).toBe(digest(one, two))
  })

  test('[RM5] the state hash depends on content, not on order', () => {
    const left = hashEntries([
      ['a', { x: 1, y: [2] }],
      ['b', null],
    ])
    const right = hashEntries([
      ['b', null],
      ['a', { y: [2], x: 1 }],
    ])
    expect(left).toBe(right)
    expect(
      hashEntries([
        ['a', { x: 1, y: [3] }],
        ['b', null],
      ]),
    ).not.toBe(left)
    expect(
      hashEntries([
        ['a', null],
        ['b', { x: 1, y: [2] }],
      ]),
    ).not.toBe(left)
  })

  test('[RM5] the state hash is that of a canonical text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.anything({ withBigInt: true, maxDepth: 4 }))),
        entries => {
          const rows = entries.map(([key, value]) => [key, plain(value)] as const)
          expect(hashEntries(rows)).toBe(hashOfTexts(rows))
        },
      ),
    )
    const bytes = [['b', { bytes: new Uint8Array([1, 2]), gone: undefined }]] as const
    expect(hashEntries(bytes)).toBe(hashOfTexts(bytes))
  })
})

/** What rows hold: no `toJSON`, no symbols, no functions. */
function plain(value: unknown): unknown {
  return structuredClone(value)
}

/** The naive twin. */
function hashOfTexts(entries: Iterable<readonly [string, unknown]>): string {
  let low = 0
  let high = 0
  for (const [key, value] of entries) {
    let hash = 0x811c9dc5
    const text = key + canonical(value)
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    hash >>>= 0
    low = (low + hash) >>> 0
    high = (high + Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)) >>> 0
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes:${chain(0, value)}:${value.length}`
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`
  }
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'undefined')
}
