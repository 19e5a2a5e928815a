/** The client library: `connect(urls)`, keys, transactions, over a pipelined WebSocket to each node. */
import { randomUUID } from 'node:crypto'
import type { Operation, OperationResult, ScanAnswer, TxId } from '@synod/actors'
import type { Json } from '@synod/runtime/protocol'
import { type Answer, isFinal, readError, results } from './answers.ts'
import type { Connection } from './connection.ts'
import { Refused, Unavailable } from './errors.ts'
import { Routes } from './routes.ts'
import { Transaction, type Versioned } from './transaction.ts'

export type { Operation, OperationResult } from '@synod/actors'
export type { Json } from '@synod/runtime/protocol'
export { DefiniteError, IndefiniteError, Refused, Unavailable } from './errors.ts'
export type { Transaction, Versioned } from './transaction.ts'

export interface ConnectOptions {
  /** How long a call is tried, in milliseconds. Default 10,000. */
  readonly deadlineMs?: number
  /** Which of the urls to ask where the leader is not known. Default: one at random. */
  readonly startAt?: number
  /** What nodes ask of callers from other machines. */
  readonly token?: string
}

/**
 * Connects to the nodes of a cluster, or to some of them; asks the one that leads the key's group where it is connected
 * to it, else any. What was asked of a node that is lost is asked again of another.
 *
 * @example
 * const db = connect(['http://127.0.0.1:8001', 'http://127.0.0.1:8002'])
 * await db.put('kv', 'greeting', 'hello')
 * await db.transaction(async tx => tx.put('kv', 'copy', (await tx.get('kv', 'greeting')) ?? ''))
 * db.close()
 */
export function connect(urls: readonly string[], options: ConnectOptions = {}): Client {
  if (urls.length === 0) throw new TypeError('connect needs the URL of at least one node')
  return new Client(
    new Routes(urls, options.startAt ?? Math.floor(Math.random() * urls.length), options.token),
    options.deadlineMs ?? 10_000,
  )
}

/** A little more than a node's own deadline, so that its answer says how it ended. */
const graceMs = 2_000

/** Random, so that contending clients do not meet again; milliseconds. */
const conflictPauseMs = { first: 2, most: 100 } as const

export class Client {
  readonly #routes: Routes
  readonly #deadlineMs: number
  readonly #session = `c.${randomUUID()}`
  readonly #open = new Set<number>()
  #sequence = 0

  constructor(routes: Routes, deadlineMs: number) {
    this.#routes = routes
    this.#deadlineMs = deadlineMs
  }

  /** A linearizable read. Undefined: there is no such key. */
  async get(keyspace: string, key: string): Promise<Versioned | undefined> {
    const found = await this.#read(keyspace, key)
    return found.version === 0 ? undefined : found
  }

  /** Returns the key's new version. */
  put(keyspace: string, key: string, value: Json): Promise<number> {
    return this.run([{ op: 'put', keyspace, key, value }]).then(versionOf)
  }

  /** Deletes a key; fine when there is none. */
  async delete(keyspace: string, key: string): Promise<void> {
    await this.run([{ op: 'delete', keyspace, key }])
  }

  /** Writes only where the value is `expect` (null: where there is none). */
  async cas(keyspace: string, key: string, expect: Json, value: Json): Promise<boolean> {
    const check: Operation =
      expect === null
        ? { op: 'check', keyspace, key, exists: false }
        : { op: 'check', keyspace, key, equals: expect }
    try {
      await this.run([check, { op: 'put', keyspace, key, value }])
      return true
    } catch (error) {
      if (error instanceof Refused && error.reason === 'checkFailed') return false
      throw error
    }
  }

  /** Keys with a prefix, in order, at most `limit` (1 to 1,000) after `after`. */
  async scan(
    keyspace: string,
    prefix: string,
    limit = 100,
    after?: string,
  ): Promise<Extract<ScanAnswer, { status: 'ok' }>> {
    const more = after === undefined ? {} : { after }
    const answer = await this.#call(this.#routes.anywhere, {
      type: 'scan',
      keyspace,
      prefix,
      limit,
      ...more,
      deadlineMs: this.#deadlineMs,
    })
    if (answer.type === 'scanned' && answer.status === 'ok') return answer
    throw readError(answer)
  }

  /**
   * One atomic, serializable transaction; the results stand in the order of the operations. Throws `Refused`,
   * `Unavailable`, `IndefiniteError`.
   */
  run(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    const id: TxId = { session: this.#session, sequence: ++this.#sequence }
    this.#open.add(id.sequence)
    // Sequence numbers enter in order, so the first of the set is the smallest.
    const firstIncomplete = this.#open.values().next().value ?? id.sequence
    const until = performance.now() + this.#deadlineMs
    const sending = { operations, id, firstIncomplete, until, attempt: 0, before: false }
    return new Promise((resolve, reject) => {
      const done = (answer: Answer) => {
        this.#open.delete(id.sequence)
        try {
          resolve(results(answer))
        } catch (error) {
          reject(error)
        }
      }
      try {
        this.#transact(sending, done)
      } catch (error) {
        // What cannot even be sent must not hold up the session's floor.
        this.#open.delete(id.sequence)
        throw error
      }
    })
  }

  /** Runs `body` until it commits without a conflict or the deadline passes (then `Unavailable`: nothing happened). */
  async transaction<T>(body: (tx: Transaction) => Promise<T> | T): Promise<T> {
    const until = performance.now() + this.#deadlineMs
    for (let attempt = 0; ; attempt++) {
      const tx = new Transaction((keyspace, key) => this.#read(keyspace, key))
      const result = await body(tx)
      const operations = tx.operations()
      if (operations.length === 0) return result
      try {
        await this.run(operations)
        return result
      } catch (error) {
        if (!(error instanceof Refused && error.reason === 'checkFailed')) throw error
        if (performance.now() > until)
          throw new Unavailable(`met a conflict ${attempt + 1} times within ${this.#deadlineMs} ms`)
      }
      const most = Math.min(conflictPauseMs.first * 2 ** attempt, conflictPauseMs.most)
      await new Promise(resolve => setTimeout(resolve, Math.random() * most))
    }
  }

  close(): void {
    this.#routes.close()
  }

  async #read(keyspace: string, key: string): Promise<Versioned> {
    const request = { type: 'read', keys: [{ keyspace, key }], deadlineMs: this.#deadlineMs }
    const answer = await this.#call(this.#routes.to(keyspace, key), request)
    if (answer.type !== 'read' || answer.status !== 'ok') throw readError(answer)
    return answer.values[0] ?? { value: null, version: 0 }
  }

  /**
   * A node that did nothing says so of the time that it was asked. When the request was sent before, to a node that was
   * lost, it may have happened then: so it is asked again, under the same id, until there is a final answer.
   */
  #transact(sending: Sending, done: (answer: Answer) => void): void {
    const { operations, id, firstIncomplete, until } = sending
    const [first] = operations
    const deadlineMs = Math.max(
      1,
      sending.attempt === 0 ? this.#deadlineMs : Math.ceil(until - performance.now()),
    )
    const connection =
      first === undefined ? this.#routes.anywhere : this.#routes.to(first.keyspace, placedBy(first))
    const request = { type: 'transact', operations, id, firstIncomplete, deadlineMs }
    connection.call(request, deadlineMs + graceMs, (found, resent) => {
      const answer = found as Answer
      sending.before ||= resent
      if (!sending.before || isFinal(answer)) return done(answer)
      if (answer.type === 'noAnswer') return done({ ...answer, sent: true })
      const most = Math.min(conflictPauseMs.first * 2 ** sending.attempt++, conflictPauseMs.most)
      if (performance.now() + most > until) return done({ type: 'noAnswer', sent: true })
      setTimeout(() => this.#transact(sending, done), most * (0.5 + Math.random() / 2))
    })
  }

  #call(connection: Connection, request: object): Promise<Answer> {
    return new Promise(resolve => {
      connection.call(request, this.#deadlineMs + graceMs, answer => resolve(answer as Answer))
    })
  }
}

/** A transaction on its way. */
interface Sending {
  readonly operations: readonly Operation[]
  readonly id: TxId
  readonly firstIncomplete: number
  readonly until: number
  attempt: number
  /** Sent more than once by now. */
  before: boolean
}

function versionOf([written]: readonly OperationResult[]): number {
  return written !== undefined && 'version' in written ? written.version : 0
}

function placedBy(operation: Operation): string {
  return operation.op === 'scan' ? operation.prefix : operation.key
}
