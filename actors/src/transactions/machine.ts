/**
 * The state machine of a shard: what every data group replicates. Its commands are applied here; its leader side
 * (leader/) is what talks.
 */
import { unreachable } from '@synod/runtime/protocol'
import type { ApplyContext, StateMachine, Store } from '../replicated/state-machine.ts'
import { applyAbort, applyDecide, applyRefuse } from './apply-decide.ts'
import { applyAssign, applyForget } from './apply-forget.ts'
import { applyFinish, applyPrepare } from './apply-prepare.ts'
import { auditOf } from './audit.ts'
import type { Measures } from './changes.ts'
import type { Command, Result } from './commands.ts'
import { leaderSide } from './leader/leader-side.ts'
import type { LeaderState } from './leader/state.ts'
import type { TransactionMessage } from './messages.ts'
import { tables } from './rows.ts'

export type ShardMachine = StateMachine<Command, Result, LeaderState, TransactionMessage>

/** `measures` count what the values of a keyspace hold; keyspaces without one are not counted. */
export function shardMachine({ measures }: { readonly measures: Measures }): ShardMachine {
  return {
    name: 'shard',
    tables,
    apply: (store, command, context) => apply(store, command, context, measures),
    audit: store => auditOf(store, measures),
    leader: leaderSide,
  }
}

function apply(store: Store, command: Command, context: ApplyContext, measures: Measures): Result {
  switch (command.type) {
    case 'prepare':
      return applyPrepare(store, command, context)
    case 'execute':
    case 'decide':
      return applyDecide(store, command, context, measures)
    case 'refuse':
      return applyRefuse(store, command, context)
    case 'abort':
      return applyAbort(store, command, context)
    case 'finish':
      return applyFinish(store, command, context, measures)
    case 'forget':
      return applyForget(store, command, context)
    case 'assign':
      return applyAssign(store, command)
    default:
      return unreachable(command)
  }
}
