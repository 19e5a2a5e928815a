/** The leader side of `replicated`: puts commands into the log, answers queries at a read point, says who leads. */
import { assert, type Event, type NodeId, type Request, SlabMap } from '@synod/runtime/protocol'
import type { Invoke } from './once.ts'
import type { LeaderOutbox, LeaderSide, ReadonlyStore } from './state-machine.ts'

export type OnceRequest =
  | ({ readonly type: 'command' } & Invoke)
  | { readonly type: 'query'; readonly name: string; readonly args: unknown }
export type OnceAnswer =
  | { readonly type: 'result'; readonly result: unknown }
  /** It threw, and changed nothing. */
  | { readonly type: 'failed'; readonly failed: string }
  | { readonly type: 'notLeader'; readonly leader?: NodeId }

interface Waiting {
  /** `session/sequence` → who waits for it. */
  readonly commands: Map<string, Request[]>
  readonly queries: Map<number, { readonly request: Request; readonly name: string; readonly args: unknown }>
  tokens: number
}

type Out = LeaderOutbox<Invoke>
type Query = (store: ReadonlyStore, name: string, args: unknown) => unknown

export function onceLeader(query: Query): LeaderSide<Invoke, unknown, Waiting, OnceRequest> {
  return {
    start: () => ({ commands: new SlabMap(), queries: new SlabMap(), tokens: 0 }),
    receive: (state, _seat, event, out) => onRequest(state, event, out),
    applied(state, _seat, command, applied, out) {
      const waiting = state.commands.get(nameOf(command)) ?? []
      state.commands.delete(nameOf(command))
      const answer: OnceAnswer = applied.ok
        ? { type: 'result', result: applied.result }
        : { type: 'failed', failed: applied.failed }
      for (const request of waiting) out.reply(request, answer)
    },
    confirmed(state, seat, token, out) {
      const asked = state.queries.get(token)
      assert(asked !== undefined, 'a read point was asked for')
      state.queries.delete(token)
      out.reply(asked.request, answerTo(query, seat.store, asked.name, asked.args))
    },
    stop(state, _seat, out) {
      // Commands may still be chosen: who waits for one tries again, and gets its answer.
      const requests = [...state.commands.values()].flat()
      for (const { request } of state.queries.values()) requests.push(request)
      for (const request of requests) out.reply(request, { type: 'notLeader' } satisfies OnceAnswer)
    },
    refuse(_seat, event, leader, out) {
      if (event.kind !== 'request') return
      const answer: OnceAnswer = { type: 'notLeader', ...(leader === undefined ? {} : { leader }) }
      out.reply(event.request, answer)
    },
    describe: state => ({ commands: state.commands.size, queries: state.queries.size }),
  }
}

function nameOf({ session, sequence }: Invoke): string {
  return `${session}/${sequence}`
}

function onRequest(state: Waiting, event: Event<OnceRequest>, out: Out): void {
  if (event.kind !== 'request') return
  const { message, request } = event
  if (message.type === 'query') {
    const token = ++state.tokens
    state.queries.set(token, { request, name: message.name, args: message.args })
    out.confirm(token)
    return
  }
  const { type: _, ...command } = message
  const waiting = state.commands.get(nameOf(command)) ?? []
  state.commands.set(nameOf(command), [...waiting, request])
  out.propose(command)
}

function answerTo(query: Query, store: ReadonlyStore, name: string, args: unknown): OnceAnswer {
  try {
    return { type: 'result', result: query(store, name, args) }
  } catch (error) {
    return {
      type: 'failed',
      failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    }
  }
}
