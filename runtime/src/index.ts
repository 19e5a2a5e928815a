/** What application developers import. */
export * from './protocol.ts'
