/**
 * The outbox of a leader side, over that of the actor which hosts it: timers get a name space of their own, proposals
 * and tokens are gathered and handed to the protocol once per event.
 */
import type { Address, Json, Outbox, Request } from '@synod/runtime/protocol'
import type { LeaderOutbox } from './state-machine.ts'

const timerPrefix = 'leader/'

/** The leader side's own name of a timer, or undefined when it is none of its. */
export function leaderTimer(name: string): string | undefined {
  return name.startsWith(timerPrefix) ? name.slice(timerPrefix.length) : undefined
}

export class LeaderBox implements LeaderOutbox<unknown> {
  readonly commands: unknown[] = []
  readonly tokens: number[] = []
  readonly #out: Outbox
  readonly #timers: Set<string>

  /** `timers`: the names that are armed, kept by the host, so that it can cancel them all. */
  constructor(out: Outbox, timers: Set<string>) {
    this.#out = out
    this.#timers = timers
  }

  propose(command: unknown): void {
    this.commands.push(command)
  }

  confirm(token: number): void {
    this.tokens.push(token)
  }

  send(to: Address, message: unknown): void {
    this.#out.send(to, message)
  }

  reply(request: Request, result: unknown): void {
    this.#out.reply(request, result)
  }

  setTimer(name: string, delayMs: number): void {
    this.#timers.add(name)
    this.#out.setTimer(timerPrefix + name, delayMs)
  }

  cancelTimer(name: string): void {
    if (this.#timers.delete(name)) this.#out.cancelTimer(timerPrefix + name)
  }

  cancelAllTimers(): void {
    for (const name of this.#timers) this.#out.cancelTimer(timerPrefix + name)
    this.#timers.clear()
  }

  random(): number {
    return this.#out.random()
  }

  note(name: string, attributes?: Readonly<Record<string, Json>>): void {
    this.#out.note(name, attributes)
  }
}
