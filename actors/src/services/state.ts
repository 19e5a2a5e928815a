/** State of a service: the requests under way. Volatile; what is done is done by transactions. */
import type { Address } from '@synod/runtime/protocol'
import type { Asker } from '../sessions/asker.ts'
import type { Operation, TxId } from '../transactions/operations.ts'
import type { Held } from './logic.ts'
import type { Asking, ServiceAnswer } from './messages.ts'

export interface ServiceConfig {
  /** Most requests at a time; default 10,000. */
  readonly flows?: number
}

export interface ServiceState<Request extends Asking> {
  /** The session actor of this node. */
  readonly session: Address
  readonly limit: number
  readonly flows: Map<number, Flow<Request>>
  /** The flow that waits for the session's answer with this tag, as we count them. */
  readonly waiting: Map<number, number>
  /** Begins the ids of what is created without an id of the request. New at every start. */
  readonly uniqueBase: string
  /** Numbers flows. */
  nextNumber: number
  /** The session sees tags that are above ours by as much. */
  readonly firstTag: number
  /** Numbers what is asked of the session. */
  nextTag: number
  ticking: boolean
}

export interface Flow<Request extends Asking> {
  readonly number: number
  readonly asker: Asker
  readonly request: Request
  readonly deadlineAt: number
  readonly unique: string
  /** Tries so far. Each one is a transaction of its own: a refused one is on record under its id. */
  round: number
  phase: Phase
}

export type Phase =
  /** With an id: what is on record of this round? `found` is the refusal of the round before. */
  | { readonly name: 'lookingUp'; readonly found?: ServiceAnswer }
  | { readonly name: 'reading'; readonly strong: boolean }
  /** `held`: what the decision was made from. `first`: names the transaction. */
  | {
      readonly name: 'committing'
      readonly operations: readonly Operation[]
      readonly held: readonly Held[]
    }
  /** Refused for another reason than a change; true only if what was decided from is still so. */
  | { readonly name: 'verifying'; readonly refusal: ServiceAnswer; readonly held: readonly Held[] }
  /** With an id: the round after a refusal is being taken, so that no other try of this request uses it. */
  | { readonly name: 'sealing'; readonly refusal: ServiceAnswer }
  | { readonly name: 'loading'; readonly rows: number; readonly next: number }
  /** Many rows under an id: put on record that it has begun, asked whether it is done, put on record that it is. */
  | { readonly name: 'marking'; readonly rows: number; readonly step: 'begun' | 'asked' | 'done' }

/** Each round has an id of its own, derived from the request's. */
export function roundId(id: TxId, round: number): TxId {
  return { session: id.session, sequence: id.sequence + round }
}
