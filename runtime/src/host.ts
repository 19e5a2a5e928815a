/** What runs nodes: for the cluster package and tests, not for protocols or applications. */
export type * from './kernel/ports.ts'
export type * from './storage/storage.ts'
export { StorageError } from './storage/storage.ts'
