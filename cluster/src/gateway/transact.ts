/**
 * A transaction of the caller's own operations (`/tx`, `/kv`), under the request's `Idempotency-Key` when it has one.
 * Then a key made from that key coordinates (GW11), and the answer reads as if it did not.
 */
import { anchored, anchorKey, type Operation, type OperationResult, type Outcome } from '@synod/actors'
import type { Context } from 'hono'
import { idempotency } from './idempotency.ts'
import { type Asked, askSession, type GatewayNode } from './node.ts'
import { mostOperations } from './operations.ts'
import { BadInput } from './problem.ts'
import { writeHandle } from './tx-id.ts'

export interface Transacted {
  readonly outcome: Outcome
  /** What `GET /tx/{id}` takes. */
  readonly id: string
}

/** Throws `BadInput` when a key leaves no room for the operation that it adds. */
export async function transact(
  c: Context,
  node: GatewayNode,
  deadlineMs: number,
  operations: readonly Operation[],
): Promise<Asked<Transacted>> {
  const [first] = operations
  if (first === undefined) throw new Error('a transaction has operations')
  const under = await idempotency(c)
  if (under !== undefined && operations.length === mostOperations) {
    const most = mostOperations - 1
    throw new BadInput(
      `${operations.length} operations: at most ${most} fit in a transaction with an Idempotency-Key`,
    )
  }
  const all = anchored(under?.id, operations)
  const asked = await askSession(node, { type: 'transact', operations: all, deadlineMs, ...under })
  if (asked.status !== 'answered') return asked
  const { result } = asked
  if (result.type !== 'transacted') throw new Error(`the session answered a transaction with ${result.type}`)
  const { keyspace, key } = under === undefined ? first : anchorKey(under.id)
  const id = writeHandle({ id: result.id, keyspace, key })
  const outcome = under === undefined ? result.outcome : withoutAnchor(result.outcome, operations.length)
  return { status: 'answered', result: { outcome, id } }
}

function withoutAnchor(outcome: Outcome, count: number): Outcome {
  switch (outcome.status) {
    case 'committed':
      return { ...outcome, results: ownResults(outcome.results, count) }
    case 'refused':
      return { ...outcome, operation: Math.max(0, outcome.operation - 1) }
    default:
      return outcome
  }
}

/** A lone add cannot say what it led to where others take part: so it has been read. */
function ownResults([, ...own]: readonly OperationResult[], count: number): readonly OperationResult[] {
  const read = own[count]
  return read !== undefined && 'value' in read ? [{ value: read.value as number }] : own
}
