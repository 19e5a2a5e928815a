/**
 * For tests: groups that never fail, in memory, all on one store. They answer what a session sends as the leaders of
 * real groups do: each transaction once, and atomically.
 */
import { type Address, type Json, type NodeId, nodeOf } from '@synod/runtime/protocol'
import { locate, type ShardMap } from '../sharding/shard-map.ts'
import type { Lookup, ReadKeys, ScanKeys, Submit, ToSession } from '../transactions/messages.ts'
import type { Operation, OperationResult, Outcome, Refusal } from '../transactions/operations.ts'

type Versioned = { readonly value: Json; readonly version: number }
class Refused extends Error {
  readonly reason: Refusal
  constructor(reason: Refusal, detail: string) {
    super(detail)
    this.reason = reason
  }
}

export class FakeGroups {
  readonly map: ShardMap
  readonly values = new Map<string, Versioned>()
  readonly outcomes = new Map<
    string,
    { readonly outcome: Outcome; readonly fingerprint: string | undefined }
  >()
  /** Transactions that were executed, refused ones included. */
  executed = 0
  #version = 0

  constructor(map: ShardMap) {
    this.map = map
  }

  value(keyspace: string, key: string): Json | undefined {
    return this.values.get(`${keyspace}/${key}`)?.value
  }

  put(keyspace: string, key: string, value: Json): void {
    this.#version += 1
    this.values.set(`${keyspace}/${key}`, { value, version: this.#version })
  }

  leader(group: string): NodeId | undefined {
    return this.map.groups[group]?.preferred
  }

  /** Undefined for what is not a session's business. */
  answer(to: Address, message: Submit | ReadKeys | ScanKeys | Lookup): ToSession {
    const group = to.slice(to.lastIndexOf('/') + 1)
    const leader = this.leader(group)
    if (leader !== nodeOf(to)) {
      const id =
        'id' in message ? { tx: `${message.id.session}:${message.id.sequence}` } : { tag: message.tag }
      const send = message.type === 'submit' && message.send !== undefined ? { send: message.send } : {}
      return { type: 'notLeader', group, leader: leader ?? null, ...id, ...send }
    }
    switch (message.type) {
      case 'submit':
        return this.#submit(message)
      case 'lookup':
        return this.#lookup(message)
      case 'readKeys':
        return { type: 'keysRead', tag: message.tag, values: message.keys.map(key => this.#get(key)) }
      case 'scanKeys':
        return this.#scan(message, group)
    }
  }

  #submit(message: Submit): ToSession {
    const key = `${message.id.session}:${message.id.sequence}`
    const recorded = this.outcomes.get(key)
    const send = message.send === undefined ? {} : { send: message.send }
    if (recorded !== undefined && recorded.fingerprint !== message.fingerprint) {
      const outcome = { status: 'conflictingRequest', detail: 'another request' } as const
      return { type: 'submitted', id: message.id, outcome, ...send }
    }
    const outcome = recorded?.outcome ?? this.#execute(message)
    this.outcomes.set(key, { outcome, fingerprint: message.fingerprint })
    return { type: 'submitted', id: message.id, outcome, ...send }
  }

  #lookup(message: Lookup): ToSession {
    const recorded = this.outcomes.get(`${message.id.session}:${message.id.sequence}`)
    const nothing: Outcome = { status: 'unavailable', detail: 'nothing is known' }
    const other = message.fingerprint !== undefined && recorded?.fingerprint !== message.fingerprint
    const outcome: Outcome =
      recorded === undefined
        ? nothing
        : other
          ? { status: 'conflictingRequest', detail: 'another request' }
          : recorded.outcome
    return { type: 'submitted', id: message.id, outcome, tag: message.tag }
  }

  #execute(message: Submit): Outcome {
    this.executed += 1
    const before = new Map(this.values)
    const numbered = message.shares.flatMap(share => share.operations).sort((a, b) => a.index - b.index)
    const results: OperationResult[] = []
    for (const { index, operation } of numbered) {
      try {
        results.push(this.#perform(operation, message.shares.length === 1))
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        this.values.clear()
        for (const [key, value] of before) this.values.set(key, value)
        return { status: 'refused', reason: error.reason, operation: index, detail: error.message }
      }
    }
    return { status: 'committed', results }
  }

  #get(on: { readonly keyspace: string; readonly key: string }): Versioned {
    return this.values.get(`${on.keyspace}/${on.key}`) ?? { value: null, version: 0 }
  }

  #perform(operation: Operation, alone: boolean): OperationResult {
    const { keyspace, key } = operation
    const held = this.#get(operation)
    const name = `${keyspace} ${key}`
    switch (operation.op) {
      case 'get':
        return held
      case 'put':
        this.put(keyspace, key, operation.value)
        return { version: this.#version }
      case 'delete':
        this.values.delete(`${keyspace}/${key}`)
        return { version: 0 }
      case 'add': {
        const base = held.version === 0 ? operation.initial : held.value
        if (base === undefined) throw new Refused('missing', `${name} does not exist`)
        if (typeof base !== 'number') throw new Refused('notANumber', `${name} is not a number`)
        const value = base + operation.amount
        const below = value < (operation.min ?? Number.MIN_SAFE_INTEGER)
        if (below || value > (operation.max ?? Number.MAX_SAFE_INTEGER)) {
          throw new Refused('outOfBounds', `${name} would leave its bounds`)
        }
        this.put(keyspace, key, value)
        return { value: alone ? value : null }
      }
      case 'check': {
        const exists = held.version > 0
        const holds =
          (operation.version === undefined || operation.version === held.version) &&
          (operation.exists === undefined || operation.exists === exists) &&
          (operation.equals === undefined || JSON.stringify(operation.equals) === JSON.stringify(held.value))
        if (!holds) throw new Refused('checkFailed', `${name} is not as expected`)
        return { ok: true }
      }
      case 'append': {
        const list = held.version === 0 ? [] : held.value
        if (!Array.isArray(list)) throw new Refused('notAList', `${name} is not a list`)
        this.put(keyspace, key, [...list, operation.value])
        return { version: this.#version }
      }
      case 'scan':
        return { entries: this.#entries(keyspace, operation.prefix) }
    }
  }

  #entries(keyspace: string, prefix: string) {
    return [...this.values]
      .filter(([key]) => key.startsWith(`${keyspace}/${prefix}`))
      .map(([key, held]) => ({ key: key.slice(keyspace.length + 1), ...held }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  #scan(message: ScanKeys, group: string): ToSession {
    const own = new Set(
      this.map.keyspaces[message.keyspace]?.shards
        .filter(shard => shard.group === group)
        .map(shard => shard.shard),
    )
    const all = this.#entries(message.keyspace, message.prefix).filter(
      entry =>
        own.has(locate(this.map, message.keyspace, entry.key)?.shard ?? '') &&
        (message.after === undefined || entry.key > message.after),
    )
    const entries = all.slice(0, message.limit)
    return { type: 'keysScanned', tag: message.tag, entries, more: all.length > entries.length }
  }
}
