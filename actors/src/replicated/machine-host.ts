/**
 * Applies chosen batches to a state machine, the same on every member: each command runs on its own, one that throws
 * changes nothing and yields `failed`, the clock never goes back, commands are counted. Shared by every protocol.
 */
import { decode, encode } from '@synod/runtime/protocol'
import { chain } from './digest.ts'
import type { Applied, StateMachine } from './state-machine.ts'
import { StoreWriter } from './store.ts'
import { type StoreData, storeData } from './store-data.ts'

/** What one slot of a log holds: the commands of one turn of a leader. Encoded once, by whoever proposes it. */
export interface Batch {
  /** The proposer's wall clock. */
  readonly timeMs: number
  readonly commands: readonly unknown[]
}

export interface Host {
  store: StoreData
  /** Last slot applied. */
  applied: number
  /** Commands applied. */
  index: number
  /** The group's clock. */
  timeMs: number
  /** Of the chosen values up to `applied`. */
  digest: number
}

export function newHost({ tables }: Pick<StateMachine, 'tables'>): Host {
  return { store: storeData([], tables), applied: 0, index: 0, timeMs: 0, digest: 0 }
}

export function encodeBatch(batch: Batch): Uint8Array {
  return encode(batch)
}

export function decodeBatch(value: Uint8Array): Batch {
  return decode(value) as Batch
}

/** Applies the value of slot `applied + 1`. `after` sees each command with what became of it. */
export function applyBatch(
  host: Host,
  machine: StateMachine,
  value: Uint8Array,
  after?: (command: unknown, applied: Applied<unknown>) => void,
): void {
  const batch = decodeBatch(value)
  const writer = new StoreWriter(host.store)
  host.timeMs = Math.max(host.timeMs, batch.timeMs)
  for (const command of batch.commands) {
    host.index++
    const applied = applyOne(machine, writer, command, host)
    after?.(command, applied)
  }
  host.applied++
  host.digest = chain(host.digest, value)
}

function applyOne(
  machine: StateMachine,
  writer: StoreWriter,
  command: unknown,
  host: Host,
): Applied<unknown> {
  try {
    const result = machine.apply(writer, command, { index: host.index, timeMs: host.timeMs })
    writer.commit()
    return { ok: true, result }
  } catch (error) {
    writer.undo()
    return { ok: false, failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  }
}
