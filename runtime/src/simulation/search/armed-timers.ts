/** Which timers the actors of a node have armed, as they say so themselves: a kernel does not list them cheaply. */
import type { AnyActorType, Outbox } from '../../actor.ts'
import type { ActorId } from '../../address.ts'

export class ArmedTimers {
  /** In order of their names. */
  readonly armed = new Map<ActorId, string[]>()

  /** The same actor, listened to. */
  watched(type: AnyActorType, id: ActorId): AnyActorType {
    this.armed.set(id, [])
    return {
      ...type,
      start: (start, rows, out) => type.start(start, rows, this.#heard(out, id)),
      receive: (state, event, out) => {
        if (event.kind === 'timer') this.#disarm(id, event.name)
        type.receive(state, event, this.#heard(out, id))
      },
    }
  }

  #heard(out: Outbox, id: ActorId): Outbox {
    return {
      send: (to, message) => out.send(to, message),
      reply: (request, result) => out.reply(request, result),
      save: (key, value) => out.save(key, value),
      erase: key => out.erase(key),
      setTimer: (name, delayMs) => {
        out.setTimer(name, delayMs)
        this.#disarm(id, name)
        this.armed.set(id, [...(this.armed.get(id) ?? []), name].sort())
      },
      cancelTimer: name => {
        out.cancelTimer(name)
        this.#disarm(id, name)
      },
      random: () => out.random(),
      note: (name, attributes) => out.note(name, attributes),
    }
  }

  #disarm(id: ActorId, name: string): void {
    const names = this.armed.get(id) ?? []
    if (names.includes(name))
      this.armed.set(
        id,
        names.filter(other => other !== name),
      )
  }
}
