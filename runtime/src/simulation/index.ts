/** The simulator, and the kit for unit tests of actors. */
export { crashPoints } from './life-end.ts'
export {
  drawMix,
  type FaultKind,
  faultKinds,
  kindsOf,
  type NemesisMix,
  noFaults,
  weatherKinds,
  without,
} from './nemesis/mix.ts'
export { fairWeather, type Weather } from './network.ts'
export { type CrashOptions, type RunLimits, SimulationError, type SimulationOptions } from './options.ts'
export { type Random, seededRandom } from './random.ts'
export type { Bounds, Flight, SearchModel, Seen, Step } from './search/model.ts'
export { World } from './search/model.ts'
export { type Broken, type SearchLimits, type SearchReport, search } from './search/search.ts'
export { messageText, story } from './search/story.ts'
export type { SearchNode } from './search/turns.ts'
export { Simulation } from './simulation.ts'
export { startActor, TestActor, type TestActorOptions } from './test-actor.ts'
export {
  type Effects,
  type EventWithoutNow,
  type RecordedWrite,
  TestOutbox,
  TestRows,
} from './test-outbox.ts'
export type { TraceLine, TraceSink } from './trace.ts'
