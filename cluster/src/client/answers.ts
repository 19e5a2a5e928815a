/** What a node's answers mean to who asked: results, or an error that says whether it happened. */
import type { OperationResult, ReadAnswer, ScanAnswer, TransactAnswer } from '@synod/actors'
import type { SocketFailure } from '../gateway/socket.ts'
import type { NoAnswer } from './connection.ts'
import { DefiniteError, IndefiniteError, Refused, Unavailable } from './errors.ts'

export type Answer = TransactAnswer | ReadAnswer | ScanAnswer | SocketFailure | NoAnswer

/** Whatever was done before, this is how it ended. */
export function isFinal(answer: Answer): boolean {
  if (answer.type === 'transacted') {
    return answer.outcome.status === 'committed' || answer.outcome.status === 'refused'
  }
  return answer.type === 'failed' && answer.status === 'invalid'
}

export function results(answer: Answer): readonly OperationResult[] {
  if (answer.type === 'transacted') {
    const { outcome } = answer
    if (outcome.status === 'committed') return outcome.results
    if (outcome.status === 'refused') throw new Refused(outcome.reason, outcome.operation, outcome.detail)
    throw failed(outcome.status, outcome.detail)
  }
  if (answer.type === 'noAnswer') {
    throw answer.sent
      ? failed('unknown', 'no node answered in time')
      : failed('unavailable', 'no node could be reached in time')
  }
  if (answer.type === 'failed') throw failed(answer.status, answer.detail)
  throw new Error(`a transaction was answered with ${answer.type}`)
}

function failed(status: string, detail: string): Error {
  switch (status) {
    case 'unavailable':
    case 'overloaded':
      return new Unavailable(`${status}: ${detail}`)
    case 'unknown':
    // It may have committed; its answer is no longer kept.
    case 'expired':
      return new IndefiniteError(detail)
    default:
      return new DefiniteError(`${status}: ${detail}`)
  }
}

export function readError(answer: Answer): Error {
  if (answer.type === 'noAnswer') return new Unavailable('no node answered in time')
  if (answer.type === 'transacted' || answer.status === 'ok')
    return new Error(`a read was answered with ${answer.type}`)
  return answer.status === 'invalid' || answer.status === 'refused'
    ? new DefiniteError(answer.detail)
    : new Unavailable(answer.detail)
}
