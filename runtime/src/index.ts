/** What application developers import. */
export * from './protocol.ts'
export {
  type ActorDefinition,
  type Behaviour,
  type Context,
  defineActor,
  type Handler,
  type Handlers,
  type TimerHandler,
} from './surface/define-actor.ts'
export { type ActorRef, AskError, type TellRef } from './surface/ref.ts'
export { openSystem, type System, type SystemOptions } from './surface/system.ts'
