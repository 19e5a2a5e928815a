/**
 * How the gateway and the command line look into a group: requests to any member's front door, whatever the protocol.
 */
import type { Json, NodeId } from '@synod/runtime/protocol'

/** What any member of a replicated group answers to the gateway and the command line, by request. */
export type GroupQuery =
  | { readonly type: 'group.status' }
  | { readonly type: 'group.audit' }
  | { readonly type: 'group.log'; readonly from: number; readonly to: number }

export interface GroupStatus {
  readonly group: string
  readonly node: NodeId
  readonly role: 'leader' | 'candidate' | 'follower'
  readonly leader: NodeId | null
  readonly ballot: string
  readonly chosen: number
  readonly applied: number
  readonly flushed: number
  readonly base: number
  readonly lag: number
  readonly commands: number
  readonly keys: number
}

export interface GroupAudit {
  readonly group: string
  readonly node: NodeId
  readonly applied: number
  readonly index: number
  readonly timeMs: number
  /** Of the chosen values up to `applied`. */
  readonly digest: number
  /** The digests of the last slots: [slot, digest], oldest first. */
  readonly digests: readonly (readonly [slot: number, digest: number])[]
  readonly size: number
  readonly stateHash: string
  readonly audit: Json
}

export interface GroupLog {
  readonly base: number
  readonly chosen: number
  readonly slots: readonly {
    readonly slot: number
    readonly ballot: string
    readonly chosen: boolean
    readonly timeMs: number
    readonly commands: readonly unknown[]
  }[]
}
