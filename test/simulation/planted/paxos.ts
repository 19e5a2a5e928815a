/** The bugs that the Paxos suite must find. */
import type { StateMachine } from '@synod/actors'
import type { ActorType, AnyActorType, Json } from '@synod/runtime/protocol'
import type { AcceptorState } from '../../../actors/src/paxos/acceptor-state.ts'
import { maxBallot, noBallot } from '../../../actors/src/paxos/ballot.ts'
import { type LearnerState, stateRow } from '../../../actors/src/paxos/learner-state.ts'
import type { ProposerState } from '../../../actors/src/paxos/proposer-state.ts'
import { type Ask, type Command, registerOf, type Waiting } from '../machines/registers.ts'
import { forgets, misbuilt, mishears, misled } from './wrappers.ts'

type Registers = StateMachine<Command, Json, Waiting, Ask>

/** Name → what it does to an actor type. */
const actorBugs: Readonly<Record<string, (type: AnyActorType) => AnyActorType>> = {
  promiseNotSaved: type => (type.type === 'acceptor' ? forgets(type, key => key === 'promise') : type),
  acceptedNotSaved: type => (type.type === 'acceptor' ? forgets(type, key => key.startsWith('slot/')) : type),
  /** Some of what a flush wrote never reaches the disk. */
  segmentNotSaved: type => (type.type === 'learner' ? forgets(type, key => /^seg.*[37]$/.test(key)) : type),
  /** Half a flush counts: its row says so before the rest is there. */
  flushCountsTooEarly: type => (type.type === 'learner' ? hasty(type) : type),
  /** A new leader proposes what it likes where others have accepted something. */
  promisesIgnored: type =>
    type.type === 'proposer'
      ? mishears(type, message => (message.type === 'promise' ? { ...message, pvalues: [] } : message))
      : type,
  quorumOneShort: type =>
    type.type === 'proposer'
      ? misbuilt<ProposerState>(type, state => ({
          ...state,
          place: { ...state.place, majority: Math.max(1, state.place.majority - 1) },
        }))
      : type,
  /** An acceptor accepts below what it has promised: an old leader is not fenced off. */
  promiseNotKept: type => (type.type === 'acceptor' ? unfenced(type) : type),
  /** A node that lost its disk votes at once, as if it remembered. */
  amnesiaIgnored: type => misled(type, start => ({ ...start, amnesiac: false })),
}

const machineBugs: Readonly<Record<string, (machine: Registers) => Registers>> = {
  /** A leader answers reads without asking whether it still leads. */
  readWithoutQuorum: machine => ({ ...machine, leader: withEagerReads(machine) }),
  /** A command that is proposed twice is applied twice. */
  repeatsApplied: machine => ({
    ...machine,
    apply(store, command, context) {
      store.delete(`done/${command.client}`)
      return machine.apply(store, command, context)
    },
  }),
  /** `apply` depends on something that is not in the log. */
  applyNotDeterministic: machine => {
    let count = 0
    return {
      ...machine,
      apply: (store, command, context) => {
        count += 1
        return [machine.apply(store, command, context), count]
      },
    }
  },
}

function withEagerReads(machine: Registers): NonNullable<Registers['leader']> {
  const { leader } = machine
  if (leader === undefined) throw new Error('the machine has a leader side')
  return {
    ...leader,
    receive(state, seat, event, out) {
      if (event.kind === 'request' && event.message.type === 'read') {
        out.reply(event.request, { status: 'done', output: registerOf(seat.store, event.message.key) })
      } else leader.receive(state, seat, event, out)
    },
  }
}

/** Saves what it has applied with the first slice of a flush. */
function hasty(type: AnyActorType): AnyActorType {
  const real: ActorType<LearnerState, unknown, unknown> = type
  return {
    ...real,
    receive(state, event, out) {
      const before = state.flushing
      real.receive(state, event, out)
      const { flushing } = state
      if (flushing === undefined || flushing === before) return
      out.save(stateRow, { ...flushing.row, segments: flushing.segments.next })
    },
  }
}

/** Hears an `accept` as if it had promised nothing; remembers afterwards what it had promised. */
function unfenced(type: AnyActorType): AnyActorType {
  const real: ActorType<AcceptorState, { readonly type: string }, unknown> = type
  return {
    ...real,
    receive(state, event, out) {
      const { promise } = state
      const accepts = event.kind === 'message' && event.message.type === 'accept'
      if (accepts) state.promise = noBallot
      real.receive(state, event, out)
      if (accepts) state.promise = maxBallot(promise, state.promise)
    },
  }
}

export const paxosBugs: readonly string[] = [
  'ackBeforeCommit',
  'damageIgnored',
  'sightingsNotLearnt',
  ...Object.keys(actorBugs),
  ...Object.keys(machineBugs),
]

export function plantActor(type: AnyActorType, bug: string | undefined): AnyActorType {
  return actorBugs[bug ?? '']?.(type) ?? type
}

export function plantMachine(machine: Registers, bug: string | undefined): Registers {
  return machineBugs[bug ?? '']?.(machine) ?? machine
}
