/** For a trace that is written: what every actor is told, and what every turn makes durable. Changes nothing. */
import type { AnyActorType } from '../actor.ts'
import { address, type NodeId } from '../address.ts'
import type { Storage } from '../storage/storage.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

export function watchedType(
  type: AnyActorType,
  node: NodeId,
  name: string,
  trace: Trace,
  clock: Scheduler,
): AnyActorType {
  const actor = address(node, type.type, name)
  return {
    ...type,
    start(start, rows, out) {
      trace.line({ at: clock.now, kind: 'event', node, actor, event: 'start' })
      return type.start(start, rows, out)
    },
    receive(state, event, out) {
      const { kind, now: _now, ...rest } = event
      trace.line({ at: clock.now, kind: 'event', node, actor, event: kind, ...rest })
      type.receive(state, event, out)
    },
  }
}

export function watchedStorage(storage: Storage, node: NodeId, trace: Trace, clock: Scheduler): Storage {
  return {
    identity: () => storage.identity(),
    setIdentity: (identity, sightings) => storage.setIdentity(identity, sightings),
    turn: () => storage.turn(),
    rows: actor => storage.rows(actor),
    actors: () => storage.actors(),
    commit(turn, writes, sightings) {
      storage.commit(turn, writes, sightings)
      trace.line({ at: clock.now, kind: 'commit', node, turn, writes })
    },
    sightings: () => storage.sightings(),
    close: () => storage.close(),
  }
}
