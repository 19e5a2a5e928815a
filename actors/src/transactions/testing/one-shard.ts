/** The commands of one shard, applied one after the other: no leader, no messages. */
import type { Json } from '@synod/runtime/protocol'
import { StoreReader, StoreWriter } from '../../replicated/store.ts'
import { storeData } from '../../replicated/store-data.ts'
import type { Audit } from '../audit.ts'
import type { Measures } from '../changes.ts'
import type { Command, Decide, Decision, Execute, PrepareResult, PrepareShare } from '../commands.ts'
import { shardMachine } from '../machine.ts'
import type { Numbered } from '../messages.ts'
import type { Operation } from '../operations.ts'

export const here = 'kv.0'
export const elsewhere = 'kv.1'

export type OneShard = ReturnType<typeof oneShard>

/** Epoch 1 is assigned by command 1. Transactions are `s:1`, `s:2`, … unless told otherwise. */
export function oneShard(measures: Measures = {}) {
  const machine = shardMachine({ measures })
  const data = storeData([], machine.tables)
  const store = new StoreReader(data)
  let index = 0
  const clock = { timeMs: 1_000 }

  /** Throws what `apply` throws, and undoes it, as the host does. */
  function apply(command: Command): unknown {
    index += 1
    const writer = new StoreWriter(data)
    try {
      const result = machine.apply(writer, command, { index, timeMs: clock.timeMs })
      writer.commit()
      return result
    } catch (error) {
      writer.undo()
      throw error
    }
  }
  const shards = [{ shard: here, group: here, keyspace: 'kv', from: 0, to: 2 ** 32 }]
  apply({ type: 'assign', assignment: { epoch: 1, shards, groups: {} } })

  return {
    apply,
    store,
    clock,
    index: () => index,
    execute: (tx: string, operations: readonly Operation[], more: Partial<Execute> = {}) =>
      apply({
        type: 'execute',
        tx,
        attempt: 1,
        epoch: 1,
        firstIncomplete: 0,
        operations: numbered(operations),
        ...more,
      }) as Decision,
    prepare: (tx: string, operations: readonly Operation[], more: Partial<PrepareShare> = {}) =>
      apply({
        type: 'prepare',
        tx,
        attempt: 1,
        age: { timeMs: 0, tx },
        epoch: 1,
        coordinator: elsewhere,
        participants: [elsewhere, here],
        operations: numbered(operations),
        ...more,
      }) as PrepareResult,
    decide: (tx: string, operations: readonly Operation[], more: Partial<Decide> = {}) =>
      apply({
        type: 'decide',
        tx,
        attempt: 1,
        epoch: 1,
        firstIncomplete: 0,
        operations: numbered(operations),
        votes: [{ group: elsewhere, prepared: 7, results: [] }],
        ...more,
      }) as Decision,
    commit: (tx: string, prepared: number, attempt = 1) =>
      apply({ type: 'finish', coordinator: elsewhere, commit: [{ tx, attempt, prepared }], abort: [] }),
    abort: (tx: string, attempt = 1) =>
      apply({ type: 'finish', coordinator: elsewhere, commit: [], abort: [{ tx, attempt }] }),
    close: (tx: string, attempt = 1) => apply({ type: 'abort', attempts: [{ tx, attempt }] }),
    value: (key: string) => (store.get(`v/kv/${key}`) as { value: Json } | undefined)?.value,
    version: (key: string) => (store.get(`v/kv/${key}`) as { version: number } | undefined)?.version ?? 0,
    rows: (kind: string) => [...store.scan(kind, `${kind}\uffff`)].map(([key]) => key),
    audit: () => machine.audit?.(store) as unknown as Audit,
    /** Everything, to compare. */
    picture: () =>
      Object.fromEntries([...store.scan('', '\uffff')].map(([key, value]) => [key, JSON.stringify(value)])),
  }
}

export function numbered(operations: readonly Operation[]): Numbered[] {
  return operations.map((operation, index) => ({ index, operation }))
}

const on = (key: string) => ({ keyspace: 'kv', key }) as const
export const get = (key: string): Operation => ({ op: 'get', ...on(key) })
export const put = (key: string, value: Json): Operation => ({ op: 'put', ...on(key), value })
export const del = (key: string): Operation => ({ op: 'delete', ...on(key) })
export const add = (
  key: string,
  amount: number,
  bounds: { min?: number; max?: number; initial?: number } = {},
): Operation => ({
  op: 'add',
  ...on(key),
  amount,
  ...bounds,
})
export const append = (key: string, value: Json): Operation => ({ op: 'append', ...on(key), value })
export const check = (key: string, condition: object): Operation => ({
  op: 'check',
  ...on(key),
  ...condition,
})
export const scan = (prefix: string, limit?: number): Operation => ({
  op: 'scan',
  ...on(prefix),
  prefix,
  ...(limit === undefined ? {} : { limit }),
})
