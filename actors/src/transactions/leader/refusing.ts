/** Members that do not lead, or lead no longer, say so: whoever asks goes to the leader. */
import { type Event, type NodeId, unreachable } from '@synod/runtime/protocol'
import type { LeaderOutbox, Seat } from '../../replicated/state-machine.ts'
import type { Command } from '../commands.ts'
import type { NotLeader, TransactionMessage } from '../messages.ts'
import { txKey } from '../rows.ts'
import { answer, echo } from './askers.ts'
import type { Turn } from './state.ts'

export function refuseMessage(
  seat: Seat,
  event: Event<TransactionMessage>,
  leader: NodeId | undefined,
  out: LeaderOutbox<Command>,
): void {
  if (event.kind !== 'message' && event.kind !== 'request') return
  const about = subject(event.message)
  if (about === undefined) return
  const message: NotLeader = { type: 'notLeader', group: seat.group, leader: leader ?? null, ...about }
  if (event.kind === 'request') out.reply(event.request, message)
  else out.send(event.from, message)
}

/** What is refused; undefined: an answer, which needs none. */
function subject(message: TransactionMessage): Pick<NotLeader, 'tx' | 'tag' | 'send'> | undefined {
  switch (message.type) {
    case 'submit':
      return { tx: txKey(message.id), ...echo(message) }
    case 'lookup':
      return { tx: txKey(message.id), ...echo(message) }
    case 'readKeys':
    case 'scanKeys':
      return { tag: message.tag }
    case 'prepare':
      return { tx: message.share.tx }
    case 'wound':
      return { tx: message.tx }
    case 'finish':
    case 'inquire':
    case 'assign':
    case 'transactions':
      return {}
    case 'vote':
    case 'finished':
    case 'notLeader':
      return undefined
    default:
      return unreachable(message)
  }
}

/**
 * Leadership is lost. Where the log may still commit what this leader proposed, the send is not echoed: it is not
 * settled, and asking the next leader tells.
 */
export function tellAll(turn: Turn): void {
  const { state, seat } = turn
  const refusal = { type: 'notLeader', group: seat.group, leader: null }
  for (const running of state.running.values()) {
    const open = running.phase.at === 'proposed'
    for (const { to, send, tag } of running.askers) {
      answer(turn, to, { ...refusal, tx: running.tx, ...echo(open ? { tag } : { send, tag }) })
    }
  }
  for (const { asker, message } of state.reads.values()) answer(turn, asker, { ...refusal, tag: message.tag })
  for (const { asker, tx } of state.lookups.values())
    answer(turn, asker.to, { ...refusal, tx, ...echo(asker) })
}
