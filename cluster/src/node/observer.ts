/** What the kernel tells of itself, sorted into the event feed, the figures and the log. */
import type { Escalation, Observer } from '@synod/runtime/host'
import type { EventRing } from './event-ring.ts'
import type { Log } from './log.ts'
import type { Figures } from './metrics.ts'

export interface WatchOptions {
  readonly events: EventRing
  readonly figures: Figures
  readonly log: Log
}

const consequences: Readonly<Record<Escalation, string>> = {
  groupRestarted: 'its group on this node starts again',
  groupStopped:
    'this member of its group is stopped until the node starts again; the others go on without it',
  nodeEnds: 'the node is of no use without it and ends',
}

export function watch({ events, figures, log }: WatchOptions): Observer {
  return {
    note: (actor, name, attributes, now) => events.add(now.wallMs, actor, name, attributes),
    deadLetter: (_envelope, reason) => figures.deadLetter(reason),
    failed(actor, error, restarts) {
      figures.failed()
      events.add(Date.now(), actor, 'failed', { error: error.message, restarts })
      log('error', 'an actor failed; it starts again from its rows', { actor, restarts, err: error })
    },
    escalated(actor, error, step) {
      events.add(Date.now(), actor, step, { error: error.message })
      log('error', `an actor failed too often: ${consequences[step]}`, { actor, err: error })
    },
    turnEnded: turn => figures.turnEnded(turn),
  }
}
