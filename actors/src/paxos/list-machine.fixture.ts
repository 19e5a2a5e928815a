/** A state machine for tests: a list without doubles. Its leader side takes appends and reads, and tells who asked. */
import type { Address, NodeId } from '@synod/runtime/protocol'
import type { LeaderSide, ReadonlyStore, StateMachine } from '../replicated/state-machine.ts'

export interface Append {
  readonly id: string
  readonly poison?: boolean
}
export type ListMessage =
  | { readonly type: 'append'; readonly id: string; readonly client: Address; readonly poison?: boolean }
  | { readonly type: 'read'; readonly id: string; readonly client: Address }
export type ListAnswer =
  | { readonly type: 'appended'; readonly id: string; readonly at: number | string }
  | { readonly type: 'items'; readonly id: string; readonly items: readonly string[] }
  | { readonly type: 'notLeader'; readonly id: string; readonly leader: NodeId | undefined }

interface Waiting {
  readonly appends: Map<string, Address[]>
  readonly reads: Map<number, { id: string; client: Address }>
  tokens: number
}

const leader: LeaderSide<Append, number, Waiting, ListMessage> = {
  start: () => ({ appends: new Map(), reads: new Map(), tokens: 0 }),
  receive(state, _seat, event, out) {
    if (event.kind !== 'message') return
    const { message } = event
    if (message.type === 'read') {
      state.reads.set(++state.tokens, { id: message.id, client: message.client })
      out.confirm(state.tokens)
      return
    }
    const { id, client, poison } = message
    state.appends.set(id, [...(state.appends.get(id) ?? []), client])
    out.propose(poison ? { id, poison } : { id })
  },
  applied(state, _seat, command, applied, out) {
    const at = applied.ok ? applied.result : applied.failed
    const answer: ListAnswer = { type: 'appended', id: command.id, at }
    for (const client of state.appends.get(command.id) ?? []) out.send(client, answer)
    state.appends.delete(command.id)
  },
  confirmed(state, seat, token, out) {
    const read = state.reads.get(token)
    state.reads.delete(token)
    if (read === undefined) throw new Error(`no read ${token}`)
    const answer: ListAnswer = { type: 'items', id: read.id, items: itemsOf(seat.store) }
    out.send(read.client, answer)
  },
  stop(state, _seat, out) {
    for (const { id, client } of state.reads.values()) {
      out.send(client, { type: 'notLeader', id, leader: undefined } satisfies ListAnswer)
    }
  },
  refuse(_seat, event, known, out) {
    if (event.kind !== 'message') return
    const { id, client } = event.message
    out.send(client, { type: 'notLeader', id, leader: known } satisfies ListAnswer)
  },
  describe: state => ({ appends: state.appends.size, reads: state.reads.size }),
}

export function itemsOf(store: ReadonlyStore): string[] {
  return [...store.scan('item/', 'item0')].map(([, value]) => String(value))
}

export const listMachine: StateMachine<Append, number, Waiting, ListMessage> = {
  name: 'list',
  apply(store, command) {
    const known = store.get(`id/${command.id}`)
    if (known !== undefined) return Number(known)
    const at = Number(store.get('length') ?? 0) + 1
    store.put('length', at)
    store.put(`id/${command.id}`, at)
    if (command.poison) throw new Error(`poison ${command.id}`)
    store.put(`item/${String(at).padStart(6, '0')}`, command.id)
    return at
  },
  leader,
}
