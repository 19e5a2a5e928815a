/** A kernel with a clock that is set by hand, a store in memory and a network that only remembers: for unit tests. */
import type { ActorType, Event, Outbox, Rows } from '../actor.ts'
import { type Address, address, type NodeId } from '../address.ts'
import { MemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { Kernel } from './kernel.ts'
import type { Answer, Envelope, KernelPorts } from './ports.ts'

export const n1 = 'n1' as NodeId
export const n2 = 'n2' as NodeId
export const n3 = 'n3' as NodeId

export interface TestNode {
  readonly kernel: Kernel
  readonly storage: Storage
  /** Everything that left, in order; also `commit`, so that the order of the two shows. */
  readonly log: (
    | { readonly commit: number }
    | { readonly peer: NodeId; readonly envelopes: readonly Envelope[] }
  )[]
  readonly wakes: { count: number }
  /** Moves the clock, then runs turns until the node is idle at that time. */
  advance(ms: number): void
  setClock(ms: number): void
  /** Runs turns until nothing is ready. */
  settle(): void
  sent(): Envelope[]
  ask(to: Address, message: unknown, timeoutMs?: number): Answer[]
}

export function testNode(overrides: Partial<KernelPorts> = {}): TestNode {
  const log: TestNode['log'] = []
  const wakes = { count: 0 }
  let ms = 1_000
  const storage = overrides.storage ?? new MemoryStorage()
  const kernel = new Kernel({
    node: n1,
    incarnation: '1-a',
    amnesiac: false,
    clock: () => ({ monotonicMs: ms, wallMs: 5_000_000 + ms }),
    random: () => 0.5,
    transmit: (peer, envelopes) => log.push({ peer, envelopes }),
    wake: () => wakes.count++,
    freeze: true,
    ...overrides,
    storage: watched(storage, turn => log.push({ commit: turn })),
  })
  const settle = (): void => {
    for (let turns = 0; kernel.nextTurnAt() <= ms; turns++) {
      if (turns > 1_000) throw new Error('the node does not come to rest')
      kernel.turn()
    }
  }
  return {
    kernel,
    storage,
    log,
    wakes,
    settle,
    setClock: to => {
      ms = to
    },
    advance: by => {
      ms += by
      settle()
    },
    sent: () => log.flatMap(entry => ('envelopes' in entry ? entry.envelopes : [])),
    ask(to, message, timeoutMs = 1_000) {
      const answers: Answer[] = []
      kernel.ask(to, message, timeoutMs, answer => answers.push(answer))
      return answers
    },
  }
}

function watched(storage: Storage, onCommit: (turn: number) => void): Storage {
  return new Proxy(storage, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(value, target, args)
        if (property === 'commit') onCommit(args[0] as number)
        return result
      }
    },
  })
}

export type Behaviour = (event: Event<string>, out: Outbox, seen: string[]) => void

/**
 * An actor whose state is the list of what it saw, spelled short: `message`, `?request`, `@timer`. `behave` runs after
 * that; `start` after its state was made.
 */
export function probe(
  type: string,
  behave: Behaviour = () => {},
  more: Partial<ActorType<string[], string, unknown>> & {
    readonly begin?: (out: Outbox, rows: Rows) => void
  } = {},
): ActorType<string[], string, unknown> {
  const { begin, ...rest } = more
  return {
    type,
    start(_start, rows, out) {
      begin?.(out, rows)
      return []
    },
    receive(seen, event, out) {
      seen.push(spell(event))
      behave(event, out, seen)
    },
    describe: seen => [...seen],
    ...rest,
  }
}

function spell(event: Event<string>): string {
  switch (event.kind) {
    case 'message':
      return String(event.message)
    case 'request':
      return `?${event.message}`
    case 'timer':
      return `@${event.name}`
    case 'peer':
      return `${event.node} ${event.reachable ? 'up' : 'down'}`
  }
}

export function at(type: string, node: NodeId = n1): Address {
  return address(node, type, 'x')
}

/** Whatever it hears, it does all that an outbox can. */
export const saver = probe('saver', (event, out) => {
  out.save('last', event.kind === 'message' ? event.message : '?')
  out.send(at('far', n2), 'saved')
  if (event.kind === 'request') out.reply(event.request, 'saved')
  out.setTimer('later', 0)
  out.note('saved')
})
