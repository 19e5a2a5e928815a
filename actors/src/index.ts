export { type Exact, exact, plus } from './exact.ts'
export { messageTypes } from './message-types.ts'
export { acceptor } from './paxos/acceptor.ts'
export type { PaxosConfig, Tuning } from './paxos/config.ts'
export { type ActorToSpawn, paxosGroupActors } from './paxos/group-actors.ts'
export { learner } from './paxos/learner.ts'
export { proposer } from './paxos/proposer.ts'
export { type NodeActorsConfig, nodeActors } from './placement.ts'
export * from './replicated/group.ts'
export type * from './replicated/queries.ts'
export {
  type Asker,
  type ClientOptions,
  CommandFailed,
  NoAnswer,
  ReplicaClient,
} from './replicated/replica-client.ts'
export {
  type Definition,
  type Replicated,
  type ReplicationOptions,
  replicated,
} from './replicated/replicated.ts'
export type * from './replicated/state-machine.ts'
export { anchored, anchorKey } from './services/anchor.ts'
export { type Measure, measures } from './services/measures.ts'
export type * from './services/messages.ts'
export { orders, payment, stock } from './services/shop.ts'
export type { ServiceConfig } from './services/state.ts'
export type * from './sessions/messages.ts'
export { type SessionMessage, session } from './sessions/session.ts'
export {
  defaultLimits as defaultSessionLimits,
  type SessionConfig,
  type SessionLimits,
} from './sessions/state.ts'
export { type DirectoryMachine, directoryMachine } from './sharding/directory.ts'
export {
  assignments,
  fewestGroups,
  initialMap,
  type KeyspaceLayout,
  type Layout,
} from './sharding/initial-map.ts'
export * from './sharding/messages.ts'
export * from './sharding/shard-map.ts'
export type { Audit } from './transactions/audit.ts'
export { shardMachine } from './transactions/machine.ts'
export type * from './transactions/messages.ts'
export type * from './transactions/operations.ts'
