/** Strict serializability of list transactions, by the checker that `cluster verify` uses. */
import { assert } from '@synod/runtime/protocol'
import { checkSerializability } from '../../cluster/src/verify/checkers/serializability.ts'
import type { ListTransaction } from './workloads/lists.ts'

export function serializable(history: readonly ListTransaction[]): void {
  const checked = checkSerializability(history)
  if (checked.verdict === 'ok') return
  const messages = checked.anomalies.map(({ type, message }) => `${type}: ${message}`)
  assert(false, `lists: not strictly serializable:\n${messages.join('\n')}`)
}
