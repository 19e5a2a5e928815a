/**
 * What a service knows of its business, as pure functions; how a request gets through (reading, deciding, going round
 * when something changed, exactly once) is the same for all of them and lives in flow.ts.
 */
import type { Json } from '@synod/runtime/protocol'
import type { Operation, OperationResult } from '../transactions/operations.ts'
import type { Asking, ServiceAnswer, ServiceRefusal } from './messages.ts'

export interface Key {
  readonly keyspace: string
  readonly key: string
}
/** A missing key: value null, version 0. */
export interface Held {
  readonly value: Json
  readonly version: number
}

export type Decision =
  /** Only what was read linearizably may be answered; the flow sees to that. */
  | { readonly kind: 'answer'; readonly answer: ServiceAnswer }
  /** One transaction. The first operation checks the version of what the decision was made from, if it was read. */
  | { readonly kind: 'transact'; readonly operations: readonly Operation[] }
  /** Rows by number, in chunks. */
  | { readonly kind: 'load'; readonly rows: number }

export interface Logic<Request extends Asking> {
  /** Undefined: the request makes sense. */
  invalid(request: Request): string | undefined
  /** What must be read before a decision; nothing for most. */
  keys(request: Request): readonly Key[]
  /** The first read need not be linearizable: the transaction checks it. */
  readonly readsFast: (request: Request) => boolean
  /** `unique`: part of the ids of what the request creates, the same however often it is retried. */
  decide(request: Request, held: readonly Held[], unique: string): Decision
  /** The body once it is committed. `result`: of the last operation. */
  done(request: Request, result: OperationResult | undefined, unique: string): Json
  /** The puts of one row of a load. */
  row(request: Request, row: number, random: () => number): readonly Operation[]
}

export function refused(code: ServiceRefusal, detail: string): Decision {
  return { kind: 'answer', answer: { status: 'refused', code, detail } }
}

export function done(body: Json): Decision {
  return { kind: 'answer', answer: { status: 'ok', body } }
}

export function transact(...operations: readonly Operation[]): Decision {
  return { kind: 'transact', operations }
}

/** Ids become keys and path segments. */
export function badId(name: string, id: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (/^[^/\u0000-\u001f\u007f]{1,256}$/.test(id)) return undefined
  return `${name} ${JSON.stringify(id.slice(0, 80))} is not an id: 1 to 256 characters, no '/'`
}

export function badAmount(
  name: string,
  amount: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): string | undefined {
  if (Number.isSafeInteger(amount) && amount >= least && amount <= most) return undefined
  return `${name} ${amount}: must be an integer from ${least} to ${most}`
}

export const mostRows = 1_000_000
