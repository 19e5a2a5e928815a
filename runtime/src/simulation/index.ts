/** The simulator, and the kit for unit tests of actors. */
export { deepFreeze } from './freeze.ts'
export { type Random, seededRandom } from './random.ts'
export { startActor, TestActor, type TestActorOptions } from './test-actor.ts'
export {
  type Effects,
  type EventWithoutNow,
  type RecordedWrite,
  TestOutbox,
  TestRows,
} from './test-outbox.ts'
