/** What runs nodes: for the cluster package and tests, not for protocols or applications. */

export { type FaultAction, FaultPlane, type FaultRule, type Verdict } from './faults/plane.ts'
export type { DeadLetter } from './kernel/dead-letters.ts'
export { Kernel, type KernelStats } from './kernel/kernel.ts'
export type * from './kernel/ports.ts'
export type { ActorSummary, ActorView } from './kernel/view.ts'
export * from './membership/standing.ts'
export { DamagedRow } from './storage/damage.ts'
export { type CommitFailure, MemoryStorage } from './storage/memory.ts'
export { openSqlite, SqliteStorage } from './storage/sqlite.ts'
export type { OpenOptions } from './storage/sqlite-file.ts'
export type * from './storage/storage.ts'
export { StorageError } from './storage/storage.ts'
