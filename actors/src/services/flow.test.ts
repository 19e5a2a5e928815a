import { address, type Json, nodeId } from '@synod/runtime/protocol'
import { type Effects, startActor } from '@synod/runtime/simulation'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SessionAnswer, SessionRequest } from '../sessions/messages.ts'
import type { Outcome } from '../transactions/operations.ts'
import { uniqueFrom } from './anchor.ts'
import type { OrdersRequest, ServiceAnswer } from './messages.ts'
import { orders, stock } from './shop.ts'

const session = address(nodeId('n1'), 'session', 'main')
const self = address(nodeId('n1'), 'orders', 'main')
const start = () => startActor(orders, {}, {}, { self })
let actor: ReturnType<typeof start>
beforeEach(() => {
  actor = start()
})

const only = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1)
  return list[0] as T
}
/** The one thing that was asked of the session. */
const asked = (effects: Effects): SessionRequest => {
  expect(effects.replies).toEqual([])
  const { to, message } = only(effects.sent)
  expect(to).toBe(session)
  return message as SessionRequest
}
const told = (effects: Effects) => {
  expect(effects.sent).toEqual([])
  return only(effects.replies).result as ServiceAnswer
}
type Untagged = SessionAnswer extends infer A ? (A extends unknown ? Omit<A, 'tag'> : never) : never
const says = (to: SessionRequest, answer: Untagged) =>
  actor.message(session, { ...answer, tag: to.tag ?? -1 } as SessionAnswer)
const read = (to: SessionRequest, value: Json, version: number) =>
  says(to, { type: 'read', status: 'ok', values: [{ value, version }] })
const ended = (to: SessionRequest, outcome: Outcome) =>
  says(to, { type: 'transacted', id: { session: 's', sequence: 1 }, outcome })
const refusal = (reason: 'checkFailed' | 'outOfBounds' | 'missing', operation: number): Outcome => ({
  status: 'refused',
  reason,
  operation,
  detail: 'refused',
})

const order = {
  user: 'u',
  items: [
    ['a', 2, 5],
    ['b', 1, 1],
    ['a', 1, 5],
  ],
  total: 16,
  paid: false,
}
const checkout = (more: object = {}): OrdersRequest => ({
  type: 'checkout',
  order: 'o',
  deadlineMs: 1_000,
  ...more,
})
const committed: Outcome = { status: 'committed', results: [] }
const nothing: Outcome = { status: 'unavailable', detail: 'nothing is known' }

describe('a checkout, message by message', () => {
  it('[SV1] reads fast, then sends one transaction that checks what was read', () => {
    const reading = asked(actor.request(checkout()))
    expect(reading).toMatchObject({
      type: 'read',
      fast: true,
      keys: [{ keyspace: 'orders', key: 'o' }],
      deadlineMs: 1_000,
    })
    const transaction = asked(read(reading, order, 4))
    expect(transaction).toMatchObject({
      type: 'transact',
      operations: [
        { op: 'check', keyspace: 'orders', key: 'o', version: 4 },
        { op: 'put', keyspace: 'orders', key: 'o', value: { ...order, paid: true } },
        { op: 'add', keyspace: 'payment', key: 'u', amount: -16, min: 0 },
        { op: 'add', keyspace: 'stock', key: 'a/count', amount: -3, min: 0 },
        { op: 'add', keyspace: 'stock', key: 'b/count', amount: -1, min: 0 },
      ],
    })
    expect(transaction).not.toHaveProperty('id')
    for (const operation of transaction.type === 'transact' ? transaction.operations : []) {
      expect(operation).not.toHaveProperty('external')
    }
    expect(told(ended(transaction, committed))).toEqual({ status: 'ok', body: 'order o is paid' })
    expect(actor.state.flows.size).toBe(0)
  })

  it('[SV3] what a fast read says is told to nobody: neither that it is paid nor that it is unknown', () => {
    for (const [value, version, result] of [
      [{ ...order, paid: true }, 4, { status: 'ok' }],
      [null, 0, { status: 'refused', code: 'unknownOrder' }],
    ] as const) {
      const again = asked(read(asked(actor.request(checkout())), value, version))
      expect(again).toMatchObject({ type: 'read', fast: false })
      expect(told(read(again, value, version))).toMatchObject(result)
    }
  })

  it('[SV2] goes round when the order changed meanwhile, and reads it linearizably', () => {
    const first = asked(read(asked(actor.request(checkout())), order, 4))
    const again = asked(ended(first, refusal('checkFailed', 0)))
    expect(again).toMatchObject({ type: 'read', fast: false })
    expect(told(read(again, { ...order, paid: true }, 5))).toMatchObject({ status: 'ok' })
  })

  it('[SV2] a refusal is told only if the order is still as it was when that was decided', () => {
    for (const [now, version, result] of [
      [order, 4, { status: 'refused', code: 'outOfStock', detail: expect.stringContaining('item a') }],
      [{ ...order, paid: true }, 5, { status: 'ok' }],
    ] as const) {
      const transaction = asked(read(asked(actor.request(checkout())), order, 4))
      const verifying = asked(ended(transaction, refusal('outOfBounds', 3)))
      expect(verifying).toMatchObject({ type: 'read', fast: false })
      expect(told(read(verifying, now, version))).toMatchObject(result)
    }
  })

  it('[SV2] the rounds end at the deadline, definitely', () => {
    let transaction = asked(read(asked(actor.request(checkout())), order, 4))
    const again = asked(ended(transaction, refusal('checkFailed', 0)))
    transaction = asked(read(again, order, 5))
    actor.advance(1_000)
    expect(told(ended(transaction, refusal('checkFailed', 0)))).toMatchObject({ status: 'unavailable' })
  })

  it('passes on how a transaction ended, with what to ask by when that is unknown', () => {
    for (const status of ['unavailable', 'overloaded', 'conflictingRequest', 'expired'] as const) {
      const transaction = asked(read(asked(actor.request(checkout())), order, 4))
      expect(told(ended(transaction, { status, detail: 'd' }))).toEqual({ status, detail: 'd' })
    }
    const transaction = asked(read(asked(actor.request(checkout())), order, 4))
    expect(told(ended(transaction, { status: 'unknown', detail: 'd' }))).toEqual({
      status: 'unknown',
      detail: 'd',
      transaction: { id: { session: 's', sequence: 1 }, keyspace: 'orders', key: 'o' },
    })
    const reading = asked(actor.request(checkout()))
    expect(told(says(reading, { type: 'read', status: 'unavailable', detail: 'd' }))).toEqual({
      status: 'unavailable',
      detail: 'd',
    })
  })
})

describe('a checkout with an id', () => {
  const id = { session: 'key.abc', sequence: 1 }
  const request = () => actor.request(checkout({ id, fingerprint: 'f', retainMs: 60_000 }))
  const sealed: Outcome = { status: 'committed', results: [{ ok: true }] }
  const outOfStock = refusal('outOfBounds', 4)

  it('[SV7, SV8] asks for the record at the key of the id, and commits there', () => {
    const lookup = asked(request())
    expect(lookup).toMatchObject({ type: 'lookup', id, fingerprint: 'f', keyspace: 'orders' })
    const transaction = asked(read(asked(ended(lookup, nothing)), order, 4))
    expect(transaction).toMatchObject({ type: 'transact', id, fingerprint: 'f', retainMs: 60_000 })
    if (transaction.type !== 'transact' || lookup.type !== 'lookup') return expect.unreachable()
    const { keyspace, key } = lookup
    expect(transaction.operations[0]).toEqual({ op: 'check', keyspace, key, exists: false })
    expect(transaction.operations).toHaveLength(6)
    expect(key).not.toContain('/')
  })

  it('[SV7] each round has a number of its own, and a retry finds the last one', () => {
    const first = asked(read(asked(ended(asked(request()), nothing)), order, 4))
    const second = asked(read(asked(ended(first, refusal('checkFailed', 1))), order, 5))
    expect(second).toMatchObject({ id: { session: 'key.abc', sequence: 2 } })
    ended(second, committed)
    const lookup = asked(request())
    const next = asked(ended(lookup, refusal('checkFailed', 1)))
    expect(next).toMatchObject({ type: 'lookup', id: { session: 'key.abc', sequence: 2 } })
    expect(told(ended(next, committed))).toMatchObject({ status: 'ok' })
  })

  it('[SV7] after rounds that only met a change, and no other, it goes on', () => {
    const next = asked(ended(asked(request()), refusal('checkFailed', 1)))
    const reading = asked(ended(next, nothing))
    expect(reading).toMatchObject({ type: 'read', fast: false })
    expect(asked(read(reading, order, 7))).toMatchObject({ id: { session: 'key.abc', sequence: 2 } })
  })

  it('[SV7] a refusal on record is told again, by its position', () => {
    for (const [operation, reason, code] of [
      [3, 'outOfBounds', 'outOfCredit'],
      [3, 'missing', 'unknownUser'],
      [4, 'outOfBounds', 'outOfStock'],
      [5, 'missing', 'unknownItem'],
    ] as const) {
      const next = asked(ended(asked(request()), refusal(reason, operation)))
      const seal = asked(ended(next, nothing))
      expect(seal).toMatchObject({ type: 'transact', id: { sequence: 2 }, operations: [{ op: 'check' }] })
      expect(told(ended(seal, sealed))).toMatchObject({ status: 'refused', code })
      const again = asked(ended(asked(request()), refusal(reason, operation)))
      expect(told(ended(again, sealed))).toMatchObject({ status: 'refused', code })
    }
  })

  it('[SV7] a refusal that a retry was told is not overtaken by the try before it', () => {
    const verifying = asked(ended(asked(read(asked(ended(asked(request()), nothing)), order, 4)), outOfStock))
    const seal = asked(ended(asked(ended(asked(request()), outOfStock)), nothing))
    expect(told(ended(seal, sealed))).toMatchObject({ status: 'refused', code: 'outOfStock' })
    // The order has changed, so the first try decides again; its round is taken.
    const second = asked(read(verifying, order, 5))
    expect(second).toMatchObject({ type: 'transact', id: { sequence: 2 } })
    const next = asked(ended(asked(ended(second, sealed)), outOfStock))
    expect(told(ended(next, sealed))).toMatchObject({ status: 'refused', code: 'outOfStock' })
  })

  it('[SV7] a retry that comes after the try before it has gone on gets its answer', () => {
    const seal = asked(ended(asked(ended(asked(request()), outOfStock)), nothing))
    const results = Array.from({ length: 6 }, () => ({ ok: true as const }))
    expect(told(ended(seal, { status: 'committed', results }))).toMatchObject({ status: 'ok' })
    const other = asked(ended(asked(ended(asked(request()), outOfStock)), nothing))
    const third = asked(ended(other, refusal('checkFailed', 1)))
    expect(third).toMatchObject({ type: 'lookup', id: { sequence: 3 } })
    expect(told(ended(third, { status: 'committed', results }))).toMatchObject({ status: 'ok' })
  })

  it('[SV7] a seal whose refusal is no longer on record is no success', () => {
    expect(told(ended(asked(request()), sealed))).toMatchObject({ status: 'expired' })
  })

  it('[SV7] nothing is done while the record cannot be read', () => {
    for (const status of ['unknown', 'expired', 'conflictingRequest', 'overloaded'] as const) {
      expect(told(ended(asked(request()), { status, detail: 'd' }))).toMatchObject({ status })
    }
  })

  it('[SV8] ids made from an id are the same each time, differ from others, and are safe in paths', () => {
    expect(uniqueFrom(id)).toBe(uniqueFrom({ ...id }))
    const ids = ['a/b', 'a.b', 'a_b', 'a_2e_b', 'key.abc'].map(session =>
      uniqueFrom({ session, sequence: 1 }),
    )
    expect(new Set(ids).size).toBe(ids.length)
    for (const one of ids) expect(one).toMatch(/^[\w.-]+$/)
    expect(uniqueFrom({ session: 'a', sequence: 2 })).not.toBe(uniqueFrom({ session: 'a', sequence: 1 }))
  })
})

describe('what waits', () => {
  it('[SV10] is answered even when the session never does', () => {
    actor.request(checkout())
    const committing = read(asked(actor.request(checkout())), order, 4)
    expect(asked(committing).type).toBe('transact')
    const ends: Effects['replies'][number][] = []
    for (let ticks = 0; ticks < 20 && ends.length < 2; ticks++) ends.push(...actor.timer('tick').replies)
    expect(ends.map(({ result }) => (result as ServiceAnswer).status)).toEqual(['unavailable', 'unknown'])
    expect(actor.out.armed.size).toBe(0)
    expect(actor.state.waiting.size).toBe(0)
  })

  it('[SV10] is bounded', () => {
    actor.restart({ config: { flows: 1 } })
    actor.request(checkout())
    expect(told(actor.request(checkout()))).toMatchObject({ status: 'overloaded' })
  })

  it('[SV10] an answer that nobody waits for changes nothing', () => {
    const reading = asked(actor.request(checkout()))
    const transaction = asked(read(reading, order, 4))
    expect(read(reading, null, 0)).toMatchObject({ sent: [], replies: [] })
    expect(told(ended(transaction, committed)).status).toBe('ok')
    expect(ended(transaction, committed)).toMatchObject({ sent: [], replies: [] })
  })

  it('answers an actor by a message with its tag', () => {
    const asker = address(nodeId('n1'), 'test', 'a')
    const reading = asked(actor.message(asker, Object.assign(checkout(), { tag: 7 })))
    const effects = says(reading, { type: 'read', status: 'refused', detail: 'd' })
    expect(effects.sent).toEqual([
      { to: asker, message: { status: 'refused', code: 'badRequest', detail: 'd', tag: 7 } },
    ])
  })

  it('shows the requests under way', () => {
    actor.request(checkout())
    expect(actor.describe()).toMatchObject({
      flows: 1,
      oldest: [{ request: 'checkout', phase: 'reading', round: 0 }],
    })
  })
})

describe('a batch', () => {
  it('[SV9] goes on chunk by chunk until all rows are put, and ends at the first that fails', () => {
    const shelf = startActor(stock, {}, {}, { self: address(nodeId('n1'), 'stock', 'main') })
    const request = { type: 'batchInit', items: 7_000, stock: 3, price: 2, deadlineMs: 1_000 } as const
    const rows = new Set<string>()
    let bulk = only(shelf.request(request).sent).message as Extract<SessionRequest, { type: 'bulk' }>
    for (let chunk = 0; chunk < 3; chunk++) {
      for (const operation of bulk.operations) {
        expect(operation).toMatchObject({ op: 'put', keyspace: 'stock', external: true })
        rows.add(operation.key)
      }
      const done = { type: 'bulkDone', status: 'ok', detail: '', tag: bulk.tag ?? 0 } as const
      const { sent, replies } = shelf.message(session, done)
      if (chunk === 2)
        expect(replies[0]?.result).toMatchObject({ status: 'ok', body: { msg: expect.anything() } })
      else bulk = only(sent).message as Extract<SessionRequest, { type: 'bulk' }>
    }
    expect(rows.size).toBe(14_000)
    const first = only(shelf.request(request).sent).message as SessionRequest
    const failed = { type: 'bulkDone', status: 'overloaded', detail: 'd', tag: first.tag ?? 0 } as const
    expect(shelf.message(session, failed).replies[0]?.result).toEqual({ status: 'overloaded', detail: 'd' })
    const second = only(shelf.request(request).sent).message as SessionRequest
    const begun = { ...failed, tag: second.tag ?? 0, begun: true } as const
    expect(shelf.message(session, begun).replies[0]?.result).toEqual({
      status: 'unknown',
      detail: 'a part may be done, repeat it: d',
    })
  })
})
