/**
 * Which actors a node hosts: its members of the replicated groups, and the session and services, which every node
 * has.
 */
import type { NodeId } from '@synod/runtime/protocol'
import type { Tuning } from './paxos/config.ts'
import { type ActorToSpawn, paxosGroupActors } from './paxos/group-actors.ts'
import type { GroupConfig } from './replicated/group.ts'
import type { StateMachine } from './replicated/state-machine.ts'
import { measures } from './services/measures.ts'
import { orders, payment, stock } from './services/shop.ts'
import type { ServiceConfig } from './services/state.ts'
import { session } from './sessions/session.ts'
import type { SessionConfig, SessionLimits } from './sessions/state.ts'
import { directoryMachine } from './sharding/directory.ts'
import { directoryGroup } from './sharding/messages.ts'
import type { ShardMap } from './sharding/shard-map.ts'
import { shardMachine } from './transactions/machine.ts'

export interface NodeActorsConfig {
  readonly node: NodeId
  /** The same on every node: see `initialMap`. */
  readonly map: ShardMap
  readonly tuning?: Partial<Tuning>
  readonly sessionLimits?: Partial<SessionLimits>
  readonly services?: ServiceConfig
  /** What a group replicates, where it is not the directory or a shard of transactions. For tests. */
  readonly machine?: (group: GroupConfig) => StateMachine | undefined
}

export function nodeActors(config: NodeActorsConfig): ActorToSpawn[] {
  const { node, map } = config
  const groups = Object.values(map.groups)
    .filter(group => group.members.includes(node))
    .flatMap(group => groupActors(config, group))
  const sessionConfig: SessionConfig = {
    map,
    ...(config.sessionLimits === undefined ? {} : { limits: config.sessionLimits }),
  }
  const services = [orders, stock, payment].map(type => ({
    type,
    name: 'main',
    config: config.services ?? {},
  }))
  return [...groups, { type: session, name: 'main', config: sessionConfig }, ...services]
}

function groupActors(config: NodeActorsConfig, group: GroupConfig): ActorToSpawn[] {
  const machine = config.machine?.(group) ?? machineOf(config.map, group)
  const tuning = config.tuning === undefined ? {} : { tuning: config.tuning }
  switch (group.protocol) {
    case 'paxos':
      return paxosGroupActors({ group, ...tuning }, machine)
  }
}

function machineOf(map: ShardMap, group: GroupConfig): StateMachine {
  const machine = group.group === directoryGroup ? directoryMachine(map) : shardMachine({ measures })
  // A host passes back to a machine only what the machine itself proposed or was sent.
  return machine as unknown as StateMachine
}
