/** A replicated group as configuration, and where its members listen. */
import { type Address, address, type NodeId } from '@synod/runtime/protocol'

export type ReplicationProtocol = 'paxos'

export interface GroupConfig {
  /** `orders.0`, `directory`. */
  readonly group: string
  readonly protocol: ReplicationProtocol
  readonly members: readonly NodeId[]
  /** Leads when all is well, so that the leaders of many groups spread over the nodes. */
  readonly preferred: NodeId
}

/** The actor of a member that hosts the state machine: clients and other groups talk to it. */
export function frontDoor(node: NodeId, group: string): Address {
  return address(node, 'learner', group)
}

export function majority(members: number): number {
  return Math.floor(members / 2) + 1
}
