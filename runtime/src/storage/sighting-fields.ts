/** A sighting as it is stored and sent: few bytes, and what another told is marked. */
import type { Sighting } from './storage.ts'

export type SightingFields = readonly [incarnation: string, turn: number, hearsay?: true]

export function fieldsOf({ incarnation, turn, hearsay }: Sighting): SightingFields {
  return hearsay === true ? [incarnation, turn, true] : [incarnation, turn]
}

export function sightingOf([incarnation, turn, hearsay]: SightingFields): Sighting {
  return hearsay === true ? { incarnation, turn, hearsay } : { incarnation, turn }
}
