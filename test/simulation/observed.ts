/**
 * Sees from outside the actors, by what they hear and say, that something has happened without which a suite would
 * prove little. Changes nothing.
 */
import {
  type ActorType,
  type Address,
  type AnyActorType,
  type Event,
  type KeyRange,
  nodeOf,
  type Outbox,
} from '@synod/runtime/protocol'
import type { AcceptorState } from '../../actors/src/paxos/acceptor-state.ts'
import type { LearnerState } from '../../actors/src/paxos/learner-state.ts'
import type { ProposerState } from '../../actors/src/paxos/proposer-state.ts'
import { segmentKey, segmentRange } from '../../actors/src/paxos/segments.ts'
import { StoreReader } from '../../actors/src/replicated/store.ts'
import type { Attempt, Finish, Prepare, Submit } from '../../actors/src/transactions/messages.ts'
import { table, txKey } from '../../actors/src/transactions/rows.ts'

type Fields = Readonly<Record<string, unknown>>

export class Observed {
  readonly #reached: (goal: string) => void
  /** Transaction and attempt → the node whose leader asked for its shares. */
  readonly #askedBy = new Map<string, string>()
  /** Group, transaction and attempt of shares whose group has asked what became of them. */
  readonly #inDoubt = new Set<string>()

  constructor(reached: (goal: string) => void) {
    this.#reached = reached
  }

  actor(type: AnyActorType, name: string): AnyActorType {
    switch (type.type) {
      case 'acceptor':
        return this.#acceptor(type)
      case 'proposer':
        return this.#proposer(type)
      case 'learner':
        return this.#learner(type, name)
      default:
        return type
    }
  }

  #acceptor(type: ActorType<AcceptorState, Fields, unknown>): AnyActorType {
    const said = new Overheard('accepted', 'promise')
    return {
      ...type,
      receive: (state, event, out) => {
        type.receive(state, event, said.through(out))
        if (said.messages.length === 0) return
        if (!state.place.incarnation.startsWith('1-')) this.#reached('a recovered acceptor votes')
      },
    }
  }

  #proposer(type: ActorType<ProposerState, Fields, unknown>): AnyActorType {
    return {
      ...type,
      receive: (state, event, out) => {
        const before = state.phase.name
        type.receive(state, event, out)
        const { phase } = state
        if (before === 'leading' || phase.name !== 'leading') return
        // Its own first no-op comes after what earlier leaders left.
        if (phase.ownSlot > phase.chosen + 1) this.#reached('leads with slots in flight')
      },
    }
  }

  #learner(type: ActorType<LearnerState, Fields, unknown>, group: string): AnyActorType {
    const said = new Overheard('inquire')
    return {
      ...type,
      start: (start, rows, out) => {
        const state = type.start(start, rows, out)
        for (const _ of rows.entries(unfinished(state))) this.#reached('half a flush thrown away')
        return state
      },
      receive: (state, event: Event<Fields>, out) => {
        const { generation, segments } = state
        if (event.kind === 'message') {
          this.#heard(group, event.from, event.message)
          if (isAnswered(state, event.message)) this.#reached('duplicate answered from the record')
        }
        type.receive(state, event, said.through(out))
        if (state.generation === generation && state.segments.first > segments.first) {
          this.#reached('swept its state')
        }
        for (const { attempts } of said.messages) {
          for (const attempt of attempts as readonly Attempt[]) this.#inDoubt.add(nameOf(attempt, group))
        }
      },
    }
  }

  #heard(group: string, from: Address, message: Fields): void {
    switch (message.type) {
      case 'prepare': {
        const asked = nameOf((message as unknown as Prepare).share)
        if (!this.#askedBy.has(asked)) this.#askedBy.set(asked, nodeOf(from))
        break
      }
      case 'wound':
        this.#reached('wound')
        break
      case 'finish':
        this.#finish(group, from, message as unknown as Finish)
    }
  }

  #finish(group: string, from: Address, { commit, abort }: Finish): void {
    for (const attempt of commit) {
      const asker = this.#askedBy.get(nameOf(attempt))
      if (asker !== undefined && asker !== nodeOf(from)) this.#reached('finished by another node')
      if (this.#inDoubt.delete(nameOf(attempt, group))) this.#reached('in doubt, then committed')
    }
    for (const attempt of abort) {
      if (this.#inDoubt.delete(nameOf(attempt, group))) this.#reached('in doubt, then aborted')
    }
  }
}

/** Where the segments of a flush are that a crash cut short. */
function unfinished({ generation, segments }: LearnerState): KeyRange {
  return { from: segmentKey(generation, segments.next), to: segmentRange(generation).to }
}

/** A request that this member has recorded an answer to. */
function isAnswered(state: LearnerState, message: Fields): boolean {
  if (message.type !== 'submit') return false
  const store = new StoreReader(state.host.store)
  return table.records(store).get(txKey((message as unknown as Submit).id))?.outcome !== undefined
}

function nameOf({ tx, attempt }: Attempt, group = ''): string {
  return `${group} ${tx} ${attempt}`
}

/** Passes an outbox on, and keeps what was sent of some types during one event. */
class Overheard implements Outbox {
  messages: Fields[] = []
  readonly #types: readonly unknown[]
  #out: Outbox | undefined

  constructor(...types: readonly string[]) {
    this.#types = types
  }

  through(out: Outbox): Outbox {
    this.#out = out
    if (this.messages.length > 0) this.messages = []
    return this
  }

  send(to: Address, message: unknown): void {
    if (this.#types.includes((message as Fields).type)) this.messages.push(message as Fields)
    this.#real.send(to, message)
  }
  reply: Outbox['reply'] = (request, result) => this.#real.reply(request, result)
  save: Outbox['save'] = (key, value) => this.#real.save(key, value)
  erase: Outbox['erase'] = key => this.#real.erase(key)
  setTimer: Outbox['setTimer'] = (name, delayMs) => this.#real.setTimer(name, delayMs)
  cancelTimer: Outbox['cancelTimer'] = name => this.#real.cancelTimer(name)
  random: Outbox['random'] = () => this.#real.random()
  note: Outbox['note'] = (name, attributes) => this.#real.note(name, attributes)

  get #real(): Outbox {
    if (this.#out === undefined) throw new Error('an outbox is used during an event only')
    return this.#out
  }
}
