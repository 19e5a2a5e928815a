/** One actor under test: events in, effects out, restarts from what it saved. */
import type { ActorType, Json, Now, Request, Start } from '../actor.ts'
import { type Address, address, type NodeId, nodeId, nodeOf } from '../address.ts'
import { deepFreeze } from '../kernel/freeze.ts'
import { type Effects, type EventWithoutNow, TestOutbox, TestRows } from './test-outbox.ts'

export interface TestActorOptions {
  /** Default `n1/<type>/test`. */
  readonly self?: Address
  readonly incarnation?: string
  readonly amnesiac?: boolean
  readonly seed?: number | string
  /** Both clocks start here; default 1,000,000. */
  readonly nowMs?: number
}

/**
 * Starts an actor on rows (plain `{ key: value }`, or the rows of another one). The effects of `start` are in
 * `actor.started`. Every call checks the type's invariants.
 */
export function startActor<State, Message, Config>(
  type: ActorType<State, Message, Config>,
  config: Config,
  rows: TestRows | Readonly<Record<string, unknown>> = {},
  options: TestActorOptions = {},
): TestActor<State, Message, Config> {
  return new TestActor(type, config, rows instanceof TestRows ? rows : new TestRows(rows), options)
}

export class TestActor<State, Message, Config> {
  readonly type: ActorType<State, Message, Config>
  readonly self: Address
  readonly node: NodeId
  readonly rows: TestRows
  readonly out: TestOutbox
  /** Effects of the last `start`. */
  started: Effects
  state: State
  /** The actor's clock: change it, or use `advance`. */
  nowMs: number
  incarnation: string
  amnesiac: boolean
  #config: Config
  #requests = 0

  constructor(
    type: ActorType<State, Message, Config>,
    config: Config,
    rows: TestRows,
    options: TestActorOptions,
  ) {
    this.type = type
    this.#config = config
    this.rows = rows
    this.self = options.self ?? address(nodeId('n1'), type.type, 'test')
    this.node = nodeOf(this.self)
    this.incarnation = options.incarnation ?? '1-test'
    this.amnesiac = options.amnesiac ?? false
    this.nowMs = options.nowMs ?? 1_000_000
    this.out = new TestOutbox(rows, options.seed ?? 1)
    this.state = this.#start()
    this.started = this.out.take()
  }

  get now(): Now {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs }
  }

  /** Handles one event and returns what it made happen. Throws what `receive` or `check` throws. */
  receive(event: EventWithoutNow<Message>): Effects {
    this.type.receive(this.state, { ...event, now: this.now }, this.out)
    this.type.check?.(this.state)
    return this.out.take()
  }

  message(from: Address, message: Message): Effects {
    deepFreeze(message)
    return this.receive({ kind: 'message', from, message })
  }

  /** Someone outside the actors asks; the request is numbered 1, 2, … and comes from this actor's node. */
  request(message: Message): Effects {
    deepFreeze(message)
    return this.receive({ kind: 'request', request: this.nextRequest(), message })
  }

  /** The timer fires now: time moves on by the delay it was armed with. Throws when it is not armed. */
  timer(name: string): Effects {
    const delayMs = this.out.armed.get(name)
    if (delayMs === undefined) {
      throw new Error(`timer ${name} is not armed; armed are: ${[...this.out.armed.keys()].join(', ')}`)
    }
    this.out.armed.delete(name)
    this.nowMs += delayMs
    return this.receive({ kind: 'timer', name })
  }

  peer(node: NodeId, reachable: boolean): Effects {
    return this.receive({ kind: 'peer', node, reachable })
  }

  advance(ms: number): void {
    this.nowMs += ms
  }

  /** The node stops and starts again: what was not saved is gone. Returns the effects of `start`. */
  restart(options: Pick<TestActorOptions, 'incarnation' | 'amnesiac'> & { config?: Config } = {}): Effects {
    this.incarnation = options.incarnation ?? this.incarnation
    this.amnesiac = options.amnesiac ?? this.amnesiac
    if (options.config !== undefined) this.#config = options.config
    this.out.armed.clear()
    this.state = this.#start()
    this.started = this.out.take()
    return this.started
  }

  describe(): Json {
    return this.type.describe(this.state)
  }

  nextRequest(): Request {
    this.#requests += 1
    return { node: this.node, id: this.#requests }
  }

  #start(): State {
    const start: Start<Config> = {
      config: this.#config,
      self: this.self,
      node: this.node,
      incarnation: this.incarnation,
      amnesiac: this.amnesiac,
      now: this.now,
    }
    const state = this.type.start(start, this.rows, this.out)
    this.type.check?.(state)
    return state
  }
}
