/** What the kernel tells of itself, sorted into the event feed, the figures and the log. */
import type { Observer, RunningNode } from '@synod/runtime/host'
import { actorId, actorOf } from '@synod/runtime/protocol'
import type { EventRing } from './event-ring.ts'
import type { Log } from './log.ts'
import type { Figures } from './metrics.ts'

export interface WatchOptions {
  readonly events: EventRing
  readonly figures: Figures
  readonly log: Log
  node(): RunningNode
  onFatal(error: unknown): void
}

/** The roles that make one member of a replicated group. */
const memberTypes: readonly string[] = ['acceptor', 'proposer', 'learner']

export function watch(options: WatchOptions): Observer {
  const { events, figures, log } = options
  return {
    note: (actor, name, attributes, now) => events.add(now.wallMs, actor, name, attributes),
    deadLetter: (_envelope, reason) => figures.deadLetter(reason),
    failed(actor, error, restarts) {
      figures.failed()
      events.add(Date.now(), actor, 'failed', { error: error.message, restarts })
      log('error', 'an actor failed; it starts again from its rows', { actor, restarts, err: error })
    },
    escalated(actor, error) {
      events.add(Date.now(), actor, 'escalated', { error: error.message })
      log('error', 'an actor failed too often and was stopped', { actor, err: error })
      // The kernel is in the middle of a turn: what stops more of it waits until that is over.
      setImmediate(() => giveUp(options, actor, error))
    },
    turnEnded: turn => figures.turnEnded(turn),
  }
}

/** A member of a group stops as a whole: half a member could lead and never serve. Without its session a node is of no use. */
function giveUp({ node, log, onFatal }: WatchOptions, actor: string, error: Error): void {
  const [type = '', name = ''] = actorOf(actor as Parameters<typeof actorOf>[0]).split('/')
  if (!memberTypes.includes(type)) {
    onFatal(error)
    return
  }
  const { kernel } = node()
  for (const role of memberTypes) kernel?.stop(actorId(role, name))
  log('error', 'this member of the group is given up until the node starts again', { group: name })
}
