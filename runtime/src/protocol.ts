/** What a protocol may use of the runtime, and nothing else. */
export * from './actor.ts'
export * from './address.ts'
export { decode, decodeReceived, encode } from './codec.ts'
export { SlabMap } from './slab-map.ts'
