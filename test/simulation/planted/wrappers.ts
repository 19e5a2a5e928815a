/**
 * Bugs put in on purpose, from outside: actors wrapped so that they forget, lie or hurry. The protocols themselves
 * hold no switch for it. A suite runs with each of them, and must find it.
 */
import type { ActorType, AnyActorType, Event, Outbox, Start } from '@synod/runtime/protocol'

type Part = AnyActorType
type AnyEvent = Event<Record<string, unknown>>

/** Saves of these keys never reach the disk. */
export function forgets(type: Part, lost: (key: string) => boolean): Part {
  const forgetful = (out: Outbox): Outbox => ({
    send: (to, message) => out.send(to, message),
    reply: (request, result) => out.reply(request, result),
    save: (key, value) => {
      if (!lost(key)) out.save(key, value)
    },
    erase: key => out.erase(key),
    setTimer: (name, delayMs) => out.setTimer(name, delayMs),
    cancelTimer: name => out.cancelTimer(name),
    random: () => out.random(),
    note: (name, attributes) => out.note(name, attributes),
  })
  return {
    ...type,
    start: (start, rows, out) => type.start(start, rows, forgetful(out)),
    receive: (state, event, out) => type.receive(state, event, forgetful(out)),
  }
}

/** Messages are changed before the actor sees them. */
export function mishears(
  type: Part,
  change: (message: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): Part {
  return {
    ...type,
    receive(state, event: AnyEvent, out) {
      if (event.kind === 'message') type.receive(state, { ...event, message: change(event.message) }, out)
      else type.receive(state, event, out)
    },
  }
}

/** The actor is started under other circumstances than it should be. */
export function misled(type: Part, change: (start: Start<unknown>) => Start<unknown>): Part {
  return { ...type, start: (start, rows, out) => type.start(change(start), rows, out) }
}

/** The state that `start` built is changed before anything happens. */
export function misbuilt<State extends object>(type: Part, change: (state: State) => State): Part {
  const built: ActorType<State, unknown, unknown> = type
  return { ...type, start: (start, rows, out) => change(built.start(start, rows, out)) }
}
