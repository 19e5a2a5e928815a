export * from './replicated/group.ts'
export type * from './replicated/state-machine.ts'
export type * from './sessions/messages.ts'
export type * from './transactions/operations.ts'
