/** A learner of a list under test, and what acceptor, proposer and other learners say to it. */
import type { TestActor } from '@synod/runtime/simulation'
import type { StateMachine } from '../replicated/state-machine.ts'
import { StoreReader } from '../replicated/store.ts'
import { aLearner, at, batch, groupOf } from './actors.fixture.ts'
import type { PaxosConfig, Tuning } from './config.ts'
import type { LearnerState } from './learner-state.ts'
import { itemsOf, listMachine } from './list-machine.fixture.ts'
import type { LearnerMessage } from './messages.ts'

export type Learner = TestActor<LearnerState, never, PaxosConfig>
export const own = at('n1', 'acceptor')
export const proposer = at('n1', 'proposer')

export function list(tuning: Partial<Tuning> = {}, machine: StateMachine = listMachine): Learner {
  return aLearner(machine, {}, { config: groupOf(3, tuning) }) as unknown as Learner
}

export function tell(learner: Learner, message: LearnerMessage | Record<string, unknown>, from = own) {
  return learner.message(from, message as never)
}

/** A slot with these appends. */
export function slot(...ids: string[]): Uint8Array {
  return batch(...ids.map(id => (id.startsWith('!') ? { id, poison: true } : { id })))
}

export function decided(learner: Learner, from: number, values: Uint8Array[], parts = {}) {
  const chosen = from + values.length - 1
  return tell(learner, { type: 'paxos.decided', from, values, more: false, chosen, ...parts })
}

export function items(learner: Learner): string[] {
  return itemsOf(new StoreReader(learner.state.host.store))
}
