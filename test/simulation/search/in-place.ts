/** For searches: where a Paxos actor stands never changes while it runs. Frozen, all its states share it. */
import type { ActorType, AnyActorType } from '@synod/runtime/protocol'

export function inPlace(type: ActorType<{ readonly place: object }, unknown, unknown>): AnyActorType {
  return {
    ...type,
    start(start, rows, out) {
      const state = type.start(start, rows, out)
      freeze(state.place)
      return state
    },
  }
}

export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) freeze(part)
  return value
}
