/**
 * The outbox handed to every actor: it holds the effects of one event until the kernel merges them into the turn, or
 * drops them because the actor threw. One object, used again for each event.
 */
import { assert, type Json, type KeyRange, type Outbox, type Request } from '../actor.ts'
import type { Address } from '../address.ts'
import type { Write } from '../storage/storage.ts'
import type { Cell } from './cell.ts'
import { deepFreeze } from './freeze.ts'

export interface Note {
  readonly actor: Address
  readonly name: string
  readonly attributes: Readonly<Record<string, Json>>
}
export interface Reply {
  readonly request: Request
  readonly result: unknown
}
/** A negative delay cancels. */
export interface TimerChange {
  readonly name: string
  readonly delayMs: number
}

const nothing = Object.freeze({})

export class EffectBuffer implements Outbox {
  /** Parallel arrays: addresses and messages, without an object per message. */
  readonly sendTo: Address[] = []
  readonly sendMessage: unknown[] = []
  readonly replies: Reply[] = []
  readonly writes: Write[] = []
  readonly timers: TimerChange[] = []
  readonly notes: Note[] = []
  #cell: Cell | undefined = undefined
  readonly #freeze: boolean
  readonly #random: () => number

  constructor(freeze: boolean, random: () => number) {
    this.#freeze = freeze
    this.#random = random
  }

  open(cell: Cell): void {
    this.#cell = cell
  }

  close(): void {
    this.#cell = undefined
  }

  /** Anything but messages. */
  get hasRareEffects(): boolean {
    return this.writes.length + this.timers.length + this.replies.length + this.notes.length > 0
  }

  /** Forgets the effects: they were merged, or the actor threw. */
  clear(): void {
    empty(this.sendTo)
    empty(this.sendMessage)
    empty(this.replies)
    empty(this.writes)
    empty(this.timers)
    empty(this.notes)
  }

  send(to: Address, message: unknown): void {
    if (this.#cell === undefined) this.#owner()
    if (this.#freeze) deepFreeze(message)
    this.sendTo.push(to)
    this.sendMessage.push(message)
  }

  reply(request: Request, result: unknown): void {
    this.#owner()
    if (this.#freeze) deepFreeze(result)
    this.replies.push({ request, result })
  }

  save(key: string, value: unknown): void {
    const actor = this.#owner().id
    assert(typeof key === 'string', 'a row has a string as its key')
    if (this.#freeze) deepFreeze(value)
    this.writes.push({ actor, key, value })
  }

  erase(key: string | KeyRange): void {
    this.writes.push({ actor: this.#owner().id, erase: key })
  }

  setTimer(name: string, delayMs: number): void {
    this.#owner()
    assert(delayMs >= 0, `the delay of timer ${name} is a number from 0`)
    this.timers.push({ name, delayMs })
  }

  cancelTimer(name: string): void {
    this.#owner()
    this.timers.push({ name, delayMs: -1 })
  }

  random(): number {
    return this.#random()
  }

  note(name: string, attributes: Readonly<Record<string, Json>> = nothing): void {
    this.notes.push({ actor: this.#owner().address, name, attributes })
  }

  /** An outbox that was kept and used later would put effects under another actor's name. */
  #owner(): Cell {
    assert(this.#cell !== undefined, 'an outbox is used only inside the call it was handed to')
    return this.#cell
  }
}

/** Setting the length is a call into the engine and gives the memory back: ten times as long for a few effects. */
function empty(list: unknown[]): void {
  while (list.length > 0) list.pop()
}
