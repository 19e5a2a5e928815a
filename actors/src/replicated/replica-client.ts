/**
 * Talks to a replicated object from outside the actors, through any node: finds the leader, tries again until the
 * deadline, and numbers its commands so that each runs once.
 */

import type { Address, NodeId } from '@synod/runtime/protocol'
import { frontDoor } from './group.ts'
import type { OnceAnswer, OnceRequest } from './once-leader.ts'
import type { Definition, Replicated } from './replicated.ts'

/** What a host offers to ask actors with: a running node. */
export interface Asker {
  ask(to: Address, message: unknown, timeoutMs: number): Promise<Asked>
}
type Asked =
  | { readonly outcome: 'answered'; readonly result: unknown }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'timeout' }

export interface ClientOptions {
  /** Names this client for ever: two clients with one name would take each other's answers. */
  readonly session: string
  /** For one command or query, all attempts together; 10,000 by default. */
  readonly timeoutMs?: number
}

/** The handler threw: definite, nothing was changed. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}
/** No answer in time. Indefinite for a command: it may still run, once. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/** What comes after the store: one argument, or none. */
type Args<Handler> = Handler extends (store: never, ...rest: infer Rest) => unknown
  ? Rest extends [infer One, ...unknown[]]
    ? [args: One]
    : []
  : never
type Result<Handler> = Handler extends (...args: never) => infer R ? R : never

const attemptMs = 1_000
const pauseMs = 50

export class ReplicaClient<D extends Definition> {
  readonly #object: Replicated<D>
  readonly #asker: Asker
  readonly #session: string
  readonly #timeoutMs: number
  readonly #open = new Set<number>()
  #sequence = 0
  #leader: NodeId
  #turn = 0

  constructor(object: Replicated<D>, asker: Asker, { session, timeoutMs = 10_000 }: ClientOptions) {
    this.#object = object
    this.#asker = asker
    this.#session = session
    this.#timeoutMs = timeoutMs
    this.#leader = object.group.preferred
  }

  /** Runs once. Throws `CommandFailed` or `NoAnswer`. */
  async command<K extends keyof D['commands'] & string>(
    name: K,
    ...[args]: Args<D['commands'][K]>
  ): Promise<Result<D['commands'][K]>> {
    const sequence = ++this.#sequence
    this.#open.add(sequence)
    try {
      const firstIncomplete = Math.min(...this.#open)
      const command = { name, args, session: this.#session, sequence, firstIncomplete }
      return (await this.#ask({ type: 'command', ...command })) as Result<D['commands'][K]>
    } finally {
      this.#open.delete(sequence)
    }
  }

  /** Sees everything that was answered before it was asked. */
  async query<K extends keyof D['queries'] & string>(
    name: K,
    ...[args]: Args<D['queries'][K]>
  ): Promise<Result<D['queries'][K]>> {
    return (await this.#ask({ type: 'query', name, args })) as Result<D['queries'][K]>
  }

  async #ask(request: OnceRequest): Promise<unknown> {
    const end = performance.now() + this.#timeoutMs
    for (let left = this.#timeoutMs; left > 0; left = end - performance.now()) {
      const door = frontDoor(this.#leader, this.#object.group.group)
      const answer = await this.#asker.ask(door, request, Math.min(left, attemptMs))
      if (answer.outcome === 'answered') {
        const told = answer.result as OnceAnswer
        if (told.type === 'result') return told.result
        if (told.type === 'failed') throw new CommandFailed(told.failed)
        if (told.leader !== undefined && told.leader !== this.#leader) {
          this.#leader = told.leader
          continue
        }
      }
      this.#tryAnother()
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
    throw new NoAnswer(`${this.#object.group.group} did not answer ${request.name} in ${this.#timeoutMs} ms`)
  }

  #tryAnother(): void {
    const { members } = this.#object.group
    this.#leader = members[this.#turn++ % members.length] ?? this.#leader
  }
}
