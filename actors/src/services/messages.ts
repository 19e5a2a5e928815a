/**
 * What the shop's services are asked (by request from the HTTP edge) and what they answer. `<node>/orders/main`,
 * `<node>/stock/main`, `<node>/payment/main`; any node's.
 */
import type { Json } from '@synod/runtime/protocol'
import type { TxId } from '../transactions/operations.ts'

/** On every request. The last three come with an `Idempotency-Key`. */
export interface Asking {
  /** How long the service may take, in milliseconds. */
  readonly deadlineMs: number
  readonly id?: TxId
  readonly fingerprint?: string
  readonly retainMs?: number
}

export type OrdersRequest = Asking &
  (
    | { readonly type: 'create'; readonly user: string }
    | { readonly type: 'find'; readonly order: string }
    | { readonly type: 'addItem'; readonly order: string; readonly item: string; readonly quantity: number }
    | { readonly type: 'removeItem'; readonly order: string; readonly item: string }
    | { readonly type: 'remove'; readonly order: string }
    | { readonly type: 'checkout'; readonly order: string }
    | {
        readonly type: 'batchInit'
        readonly orders: number
        readonly items: number
        readonly users: number
        readonly price: number
      }
  )

export type StockRequest = Asking &
  (
    | { readonly type: 'create'; readonly price: number }
    | { readonly type: 'find'; readonly item: string }
    | { readonly type: 'add'; readonly item: string; readonly amount: number }
    | { readonly type: 'subtract'; readonly item: string; readonly amount: number }
    | { readonly type: 'batchInit'; readonly items: number; readonly stock: number; readonly price: number }
  )

export type PaymentRequest = Asking &
  (
    | { readonly type: 'create' }
    | { readonly type: 'find'; readonly user: string }
    | { readonly type: 'addFunds'; readonly user: string; readonly amount: number }
    | { readonly type: 'pay'; readonly user: string; readonly amount: number }
    | { readonly type: 'payOrder'; readonly user: string; readonly order: string; readonly amount: number }
    | { readonly type: 'cancel'; readonly user: string; readonly order: string }
    | { readonly type: 'status'; readonly user: string; readonly order: string }
    | { readonly type: 'batchInit'; readonly users: number; readonly money: number }
  )

export type ServiceRefusal =
  | 'unknownOrder'
  | 'unknownItem'
  | 'unknownUser'
  | 'outOfStock'
  | 'outOfCredit'
  | 'alreadyPaid'
  | 'notPaid'
  | 'badRequest'

/** `ok` bodies are what shop-api.md shows: an object, or a text. */
export type ServiceAnswer =
  | { readonly status: 'ok'; readonly body: Json }
  | { readonly status: 'refused'; readonly code: ServiceRefusal; readonly detail: string }
  | {
      readonly status: 'unavailable' | 'overloaded' | 'unknown' | 'conflictingRequest' | 'expired'
      readonly detail: string
      /** To ask with, when it is `unknown`: the transaction, and the first key of its operations. */
      readonly transaction?: { readonly id: TxId; readonly keyspace: string; readonly key: string }
    }
