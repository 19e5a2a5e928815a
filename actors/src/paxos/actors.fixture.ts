/** Single actors under test: group g of members n1, n2, n3. */
import { type Address, address, nodeId } from '@synod/runtime/protocol'
import { startActor, type TestActorOptions, type TestRows } from '@synod/runtime/simulation'
import { encodeBatch } from '../replicated/machine-host.ts'
import type { StateMachine } from '../replicated/state-machine.ts'
import { acceptor } from './acceptor.ts'
import type { Ballot } from './ballot.ts'
import type { PaxosConfig, Tuning } from './config.ts'
import { learner } from './learner.ts'
import { proposer } from './proposer.ts'

type Rows = TestRows | Readonly<Record<string, unknown>>

export function groupOf(members: number, tuning: Partial<Tuning> = {}): PaxosConfig {
  const nodes = Array.from({ length: members }, (_, at) => nodeId(`n${at + 1}`))
  return { group: { group: 'g', protocol: 'paxos', members: nodes, preferred: nodeId('n1') }, tuning }
}

export function at(node: string, type: 'acceptor' | 'proposer' | 'learner'): Address {
  return address(nodeId(node), type, 'g')
}

/** `ballot(3, 'n2')`: round 3, opened by the first life of n2. */
export function ballot(round: number, node = 'n1'): Ballot {
  return { round, by: `${node}.1-a` }
}

/** A batch with these commands. */
export function batch(...commands: unknown[]): Uint8Array {
  return encodeBatch({ timeMs: 5, commands })
}

const life = { incarnation: '1-a' }

export function anAcceptor(rows: Rows = {}, options: TestActorOptions & { config?: PaxosConfig } = {}) {
  const { config = groupOf(3), ...rest } = options
  return startActor(acceptor, config, rows, { self: at('n1', 'acceptor'), ...life, ...rest })
}

export function aProposer(rows: Rows = {}, options: TestActorOptions & { config?: PaxosConfig } = {}) {
  const { config = groupOf(3), ...rest } = options
  return startActor(proposer, config, rows, { self: at('n1', 'proposer'), ...life, ...rest })
}

export function aLearner(
  machine: StateMachine,
  rows: Rows = {},
  options: TestActorOptions & { config?: PaxosConfig } = {},
) {
  const { config = groupOf(3), ...rest } = options
  return startActor(learner(machine), config, rows, { self: at('n1', 'learner'), ...life, ...rest })
}

/** Messages of one type among the effects. */
export function sent<Type extends string>(
  effects: { readonly sent: readonly { readonly to: Address; readonly message: unknown }[] },
  type: Type,
): { readonly to: Address; readonly message: { readonly type: Type } & Record<string, unknown> }[] {
  type Found = { readonly to: Address; readonly message: { readonly type: Type } & Record<string, unknown> }
  return effects.sent.filter(({ message }) => (message as { type: string }).type === type) as Found[]
}
