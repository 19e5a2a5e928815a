/** From how a transaction ended to what the client is told. Pure. */
import type { Operation, Outcome } from '../transactions/operations.ts'
import type { ServiceAnswer } from './messages.ts'
import { paymentKeyspace, stockKeyspace } from './order.ts'

type Refused = Extract<Outcome, { status: 'refused' }>

/** Undefined: what was read has changed meanwhile, and the flow goes round. */
export function explain(refused: Refused, operations: readonly Operation[]): ServiceAnswer | undefined {
  if (refused.reason === 'checkFailed') return undefined
  const operation = operations[refused.operation]
  if (operation === undefined) return refuse('badRequest', refused.detail)
  const id = operation.key.split('/')[0] ?? operation.key
  const takes = operation.op === 'add' && operation.amount < 0
  if (operation.keyspace === stockKeyspace) {
    if (refused.reason === 'missing') return refuse('unknownItem', `there is no item ${id}`)
    if (refused.reason === 'outOfBounds' && takes) {
      return refuse('outOfStock', `item ${id} is out of stock: ${-operation.amount} wanted`)
    }
  }
  if (operation.keyspace === paymentKeyspace) {
    if (refused.reason === 'missing') return refuse('unknownUser', `there is no user ${id}`)
    if (refused.reason === 'outOfBounds' && takes) {
      return refuse('outOfCredit', `user ${id} has not enough credit: ${-operation.amount} wanted`)
    }
  }
  if (refused.reason === 'outOfBounds') {
    return refuse('badRequest', `${operation.keyspace} ${id} would grow beyond ${Number.MAX_SAFE_INTEGER}`)
  }
  return refuse('badRequest', refused.detail)
}

/** Positions of an order's transaction under an id: anchor, check, put or delete, credit, items (order.ts). */
const creditPosition = 3

/** The same for a refusal on record, whose operations are known by their positions only. */
export function explainRecorded(refused: Refused): ServiceAnswer | undefined {
  if (refused.reason === 'checkFailed') return undefined
  const ofCredit = refused.operation === creditPosition
  if (refused.operation < creditPosition) return refuse('badRequest', refused.detail)
  if (refused.reason === 'missing') return refuse(ofCredit ? 'unknownUser' : 'unknownItem', refused.detail)
  if (refused.reason === 'outOfBounds') return refuse(ofCredit ? 'outOfCredit' : 'outOfStock', refused.detail)
  return refuse('badRequest', refused.detail)
}

function refuse(code: Extract<ServiceAnswer, { status: 'refused' }>['code'], detail: string): ServiceAnswer {
  return { status: 'refused', code, detail }
}
