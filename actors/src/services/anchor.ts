/**
 * Where a request with an `Idempotency-Key` is coordinated: at a key made from its id, whatever it is about. So every
 * retry finds the record, and another request under the same key finds it too and is refused (SPEC.md, SV8).
 */

import { hash32 } from '../sharding/shard-map.ts'
import type { Operation, TxId } from '../transactions/operations.ts'
import type { Key } from './logic.ts'
import { ordersKeyspace } from './order.ts'

export function anchorKey(id: TxId): Key {
  return { keyspace: ordersKeyspace, key: `${hash32(id.session).toString(16).padStart(8, '0')}~idempotency` }
}

/** Nothing is ever kept there, so the check holds and locks nobody out. */
export function anchored(id: TxId | undefined, operations: readonly Operation[]): readonly Operation[] {
  if (id === undefined) return operations
  const only = operations[0]
  const anchor: Operation = { op: 'check', ...anchorKey(id), exists: false }
  // A single add can no longer say what it led to, as it is not alone; so that is read, in the same transaction.
  return operations.length === 1 && only?.op === 'add'
    ? [anchor, only, { op: 'get', keyspace: only.keyspace, key: only.key }]
    : [anchor, ...operations]
}

/** Injective, and safe in keys and URLs. */
export function uniqueFrom(id: TxId): string {
  const session = id.session.replace(/[^A-Za-z0-9-]/g, sign => `_${sign.charCodeAt(0).toString(16)}_`)
  return id.sequence === 1 ? session : `${session}.${id.sequence}`
}
