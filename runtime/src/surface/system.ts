/** One node inside an application: actors, their store, and a loop that runs their turns. No mesh. */
import type { AnyActorType } from '../actor.ts'
import { type Address, address, type NodeId } from '../address.ts'
import { Kernel } from '../kernel/kernel.ts'
import type { Activation, Answer } from '../kernel/ports.ts'
import { machineClock, monotonicMs } from '../node/clock.ts'
import { TurnLoop } from '../node/loop.ts'
import { SlabMap } from '../slab-map.ts'
import { MemoryStorage } from '../storage/memory.ts'
import { openSqlite } from '../storage/sqlite.ts'
import type { Storage } from '../storage/storage.ts'
import { copy } from './copy.ts'
import type { ActorDefinition, Handlers } from './define-actor.ts'
import { type ActorRef, AskError, returnedBy } from './ref.ts'

export interface SystemOptions {
  /** The folder of the store. Without it everything is kept in memory and gone at the end. */
  readonly data?: string
  /**
   * Kinds whose stored actors start at once, so that timers that came due meanwhile fire. Others start when they are
   * first spoken to. Kinds that only actors speak to must be named here.
   */
  readonly actors?: readonly ActorDefinition[]
  /** How long `ask` waits; default 5,000. */
  readonly askTimeoutMs?: number
  /** Hears of every actor that threw, and was set back to its last durable state. Default: prints it. */
  readonly onFailure?: (actor: Address, error: Error) => void
  /** The store failed: this system has ended. Default: throws, which ends the process. */
  readonly onFatal?: (error: unknown) => void
}

const self = 'local' as NodeId
/** Turns that `close` waits for what was told before. */
const closingTurns = 1_000

export async function openSystem(options: SystemOptions = {}): Promise<System> {
  const storage = options.data === undefined ? new MemoryStorage() : openSqlite(options.data)
  const system = new System(storage, options)
  for (const definition of options.actors ?? []) system.register(definition)
  return system
}

export class System {
  /** To look inside: `actors()`, `inspect()`, `deadLetters()`, `stats()`. */
  readonly kernel: Kernel
  readonly #options: SystemOptions
  readonly #storage: Storage
  readonly #loop: TurnLoop
  readonly #types = new Map<string, AnyActorType>()
  readonly #asking = new SlabMap<number, (answer: AskError) => void>()
  #asked = 0
  #open = true

  constructor(storage: Storage, options: SystemOptions) {
    this.#options = options
    this.#storage = storage
    this.#loop = new TurnLoop(monotonicMs, error => this.#fatal(error))
    const identity = storage.identity() ?? this.#firstIdentity()
    this.kernel = new Kernel({
      node: self,
      incarnation: identity.incarnation,
      amnesiac: identity.amnesiac,
      storage,
      clock: machineClock,
      random: Math.random,
      // There is no other node: what is addressed to one is lost, as on a mesh that cannot reach it.
      transmit: (_peer, envelopes) => {
        for (const envelope of envelopes) this.kernel.deadLetter(envelope, 'unreachable')
      },
      wake: this.#loop.wake,
      activate: id => this.#activate(id),
      observer: { failed: options.onFailure ?? printFailure },
      limits: { stoppedGroups: Number.POSITIVE_INFINITY },
    })
    this.#loop.run(this.kernel)
  }

  /** A reference to an actor; it begins to exist when it is first spoken to. */
  actor<H extends Handlers>(definition: ActorDefinition<H>, name: string): ActorRef<H> {
    if (name === '') throw new TypeError('an actor needs a name')
    this.register(definition)
    const to = address(self, definition.type, name)
    return {
      address: to,
      tell: (type, ...[args]) => {
        this.#assertOpen()
        this.kernel.tell(to, { type, args: copy(args) })
      },
      ask: (type, ...[args]) => this.#ask(to, type, args),
    }
  }

  /** Makes a kind of actor known, and starts its actors that the store remembers. */
  register(definition: ActorDefinition): void {
    this.#assertOpen()
    const { type, actor } = definition
    const known = this.#types.get(type)
    if (known === actor) return
    if (known !== undefined) throw new TypeError(`two definitions have the type ${type}`)
    this.#types.set(type, actor)
    for (const id of this.#storage.actors()) {
      if (id.startsWith(`${type}/`)) this.kernel.spawn(actor, id.slice(type.length + 1), undefined, id)
    }
  }

  /** Handles what was told before, then closes the store. Asks without an answer by then fail. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#loop.stop()
    for (let i = 0; i < closingTurns && this.kernel.nextTurnAt() <= monotonicMs(); i++) this.kernel.turn()
    this.#end('the system was closed')
  }

  /** The reply's type is that of the handler: the compiler cannot see it through the mailbox. */
  #ask<Reply>(to: Address, type: string, args: unknown): Promise<Reply> {
    this.#assertOpen()
    return new Promise((resolve, reject) => {
      const number = ++this.#asked
      this.#asking.set(number, reject)
      const done = (answer: Answer): void => {
        this.#asking.delete(number)
        try {
          resolve(returnedBy(to, type, answer) as Reply)
        } catch (error) {
          reject(error)
        }
      }
      this.kernel.ask(to, { type, args: copy(args) }, this.#options.askTimeoutMs ?? 5_000, done)
    })
  }

  /** Each is a group of its own: one that keeps failing concerns no other. */
  #activate(id: string): Activation | undefined {
    const slash = id.indexOf('/')
    const type = this.#types.get(id.slice(0, slash))
    return type && { type, name: id.slice(slash + 1), config: undefined, group: id }
  }

  #firstIdentity(): { incarnation: string; amnesiac: boolean } {
    const random = Math.random().toString(36).slice(2, 10)
    const identity = { cluster: 'local', node: self, incarnation: `1-${random}`, amnesiac: false }
    this.#storage.setIdentity(identity)
    return identity
  }

  #fatal(error: unknown): void {
    this.#end('the store failed')
    if (this.#options.onFatal === undefined) throw error
    this.#options.onFatal(error)
  }

  #end(why: string): void {
    this.#open = false
    this.#loop.stop()
    for (const reject of this.#asking.values()) reject(new AskError(why, false))
    this.#asking.clear()
    this.#storage.close()
  }

  #assertOpen(): void {
    if (!this.#open) throw new Error('the system is closed')
  }
}

function printFailure(actor: Address, error: Error): void {
  console.error(`actor ${actor} failed:`, error)
}
