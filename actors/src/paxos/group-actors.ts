/** The three actors of one member of a Paxos group, as a host spawns them. */
import type { AnyActorType } from '@synod/runtime/protocol'
import type { StateMachine } from '../replicated/state-machine.ts'
import { acceptor } from './acceptor.ts'
import type { PaxosConfig } from './config.ts'
import { learner } from './learner.ts'
import { proposer } from './proposer.ts'

export interface ActorToSpawn {
  readonly type: AnyActorType
  readonly name: string
  readonly config: unknown
  /** What a host restarts and stops together. */
  readonly group?: string
}

export function paxosGroupActors(config: PaxosConfig, machine: StateMachine): ActorToSpawn[] {
  const name = config.group.group
  return [acceptor, proposer, learner(machine)].map(type => ({ type, name, config, group: name }))
}
