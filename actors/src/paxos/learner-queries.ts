/** How the gateway, `verify` and the command line look into a group; any member answers. */
import type { Outbox, Request } from '@synod/runtime/protocol'
import { unreachable } from '@synod/runtime/protocol'
import { hashEntries } from '../replicated/digest.ts'
import { decodeBatch } from '../replicated/machine-host.ts'
import type { GroupAudit, GroupLog, GroupQuery, GroupStatus } from '../replicated/queries.ts'
import type { StateMachine } from '../replicated/state-machine.ts'
import { StoreReader } from '../replicated/store.ts'
import { liveEntries } from '../replicated/store-data.ts'
import { printBallot } from './ballot.ts'
import { type LearnerState, toAcceptor } from './learner-state.ts'
import type { LearnerMessage } from './messages.ts'

type Of<Type extends LearnerMessage['type']> = Extract<LearnerMessage, { type: Type }>

export function onQuery(
  state: LearnerState,
  machine: StateMachine,
  query: GroupQuery,
  request: Request,
  out: Outbox,
): void {
  switch (query.type) {
    case 'group.status':
      out.reply(request, statusOf(state))
      return
    case 'group.audit':
      out.reply(request, auditOf(state, machine))
      return
    case 'group.log':
      // The acceptor keeps the log; its answer comes back with the request.
      toAcceptor(state, { type: 'readLog', from: query.from, to: query.to, request }, out)
      return
    default:
      unreachable(query)
      return
  }
}

function statusOf(state: LearnerState): GroupStatus {
  const { place, host, lead, leader, chosen } = state
  return {
    group: place.group,
    node: place.node,
    role: lead === undefined ? 'follower' : state.side === undefined ? 'candidate' : 'leader',
    leader: leader ?? null,
    ballot: printBallot(state.ballot),
    chosen,
    applied: host.applied,
    flushed: state.flushed,
    base: state.base,
    lag: chosen - host.applied,
    commands: host.index,
    keys: host.store.size,
  }
}

function auditOf(state: LearnerState, machine: StateMachine): GroupAudit {
  const { place, host, digests } = state
  return {
    group: place.group,
    node: place.node,
    applied: host.applied,
    index: host.index,
    timeMs: host.timeMs,
    digest: host.digest,
    digests: [...digests].sort(([left], [right]) => left - right),
    size: host.store.size,
    stateHash: hashEntries(liveEntries(host.store)),
    audit: machine.audit?.(new StoreReader(host.store)) ?? null,
  }
}

export function onLogRead(message: Of<'paxos.logRead'>, out: Outbox): void {
  const log: GroupLog = {
    base: message.base,
    chosen: message.vouched,
    slots: message.pvalues.map(({ slot, ballot, value }) => ({
      slot,
      ballot: printBallot(ballot),
      chosen: slot <= message.vouched,
      ...decodeBatch(value),
    })),
  }
  out.reply(message.request, log)
}
