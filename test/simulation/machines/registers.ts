/**
 * A replicated map of registers and lists, for the suites of replication protocols. Commands carry their client and
 * number, so that one that was proposed twice is applied once; reads go by a quorum round, without the log.
 */
import type { LeaderSide, ReadonlyStore, StateMachine } from '@synod/actors'
import type { Json, Request } from '@synod/runtime/protocol'

export type Action =
  | { readonly op: 'put'; readonly key: string; readonly value: number }
  | { readonly op: 'cas'; readonly key: string; readonly from: number; readonly value: number }
  | { readonly op: 'append'; readonly key: string; readonly value: number }
  /** Throws in `apply`: must fail the same way everywhere. */
  | { readonly op: 'poison'; readonly key: string }

export interface Command {
  readonly client: string
  readonly sequence: number
  readonly action: Action
  /** Makes the log and the snapshots larger. */
  readonly padding?: string
}
export type Ask =
  | { readonly type: 'run'; readonly command: Command }
  | { readonly type: 'read'; readonly key: string }

/** `notLeader` is definite; `lost` is not. */
export type Reply =
  | { readonly status: 'done'; readonly output: Json }
  | { readonly status: 'notLeader'; readonly leader: string | null }
  | { readonly status: 'lost' }

interface Done {
  readonly sequence: number
  readonly output: Json
}

export interface Waiting {
  readonly commands: Map<string, Request[]>
  readonly reads: Map<number, { readonly request: Request; readonly key: string }>
  nextToken: number
}

const leader: LeaderSide<Command, Json, Waiting, Ask> = {
  start: () => ({ commands: new Map(), reads: new Map(), nextToken: 1 }),
  receive(state, _seat, event, out) {
    if (event.kind !== 'request') return
    const { message, request } = event
    if (message.type === 'read') {
      state.reads.set(state.nextToken, { request, key: message.key })
      out.confirm(state.nextToken)
      state.nextToken += 1
      return
    }
    const id = nameOf(message.command)
    const others = state.commands.get(id)
    if (others !== undefined) others.push(request)
    else {
      state.commands.set(id, [request])
      out.propose(message.command)
    }
  },
  applied(state, _seat, command, applied, out) {
    const requests = state.commands.get(nameOf(command)) ?? []
    state.commands.delete(nameOf(command))
    const output = applied.ok ? applied.result : applied.failed
    for (const request of requests) out.reply(request, { status: 'done', output })
  },
  confirmed(state, seat, token, out) {
    const read = state.reads.get(token)
    if (read === undefined) return
    state.reads.delete(token)
    out.reply(read.request, { status: 'done', output: registerOf(seat.store, read.key) })
  },
  stop(state, _seat, out) {
    const requests = [...state.commands.values()].flat()
    for (const { request } of state.reads.values()) requests.push(request)
    for (const request of requests) out.reply(request, { status: 'lost' })
  },
  refuse(_seat, event, known, out) {
    if (event.kind === 'request') out.reply(event.request, { status: 'notLeader', leader: known ?? null })
  },
  describe: state => ({ commands: state.commands.size, reads: state.reads.size }),
}

export const registers: StateMachine<Command, Json, Waiting, Ask> = {
  name: 'registers',
  apply(store, command) {
    const { client, sequence, action } = command
    const done = store.get(`done/${client}`) as Done | undefined
    if (done !== undefined && sequence <= done.sequence)
      return sequence === done.sequence ? done.output : 'old'
    const before = registerOf(store, action.key)
    // The write before the throw must be undone with it.
    if (action.op === 'poison') {
      store.put(`r/${action.key}`, 'poisoned')
      throw new Error(`poison from ${client}`)
    }
    const output = perform(before, action)
    if (output.changed) store.put(`r/${action.key}`, output.value)
    store.put(`done/${client}`, { sequence, output: output.answer })
    return output.answer
  },
  audit: store => ({ keys: [...store.scan('r/', 'r0')].length }),
  leader,
}

function perform(before: Json, action: Exclude<Action, { op: 'poison' }>) {
  switch (action.op) {
    case 'put':
      return { changed: true, value: action.value, answer: null }
    case 'cas': {
      const swapped = before === action.from
      return { changed: swapped, value: action.value, answer: swapped }
    }
    case 'append': {
      const list = [...((before ?? []) as readonly Json[]), action.value]
      return { changed: true, value: list, answer: list.length }
    }
  }
}

export function registerOf(store: ReadonlyStore, key: string): Json {
  return (store.get(`r/${key}`) ?? null) as Json
}

export function nameOf(command: Command): string {
  return `${command.client} ${command.sequence}`
}
