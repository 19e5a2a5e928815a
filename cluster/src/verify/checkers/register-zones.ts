/**
 * Contradictions that show without a search, after Gibbons and Korach ("Testing shared memories", 1997). A value that
 * only one operation can have brought is held once, in one piece: from before the first answer that shows it to after
 * the last call of one that needs it. In that stretch of time the state is known. Two such stretches may not overlap,
 * and nothing that shows or brings another value may lie within one.
 *
 * It finds what real violations mostly are (stale reads and lost writes of distinct values) at the cost of a sort.
 * That it finds nothing proves nothing.
 */
import type { Step } from './register-model.ts'

interface Zone {
  readonly value: number
  /** The value is held from `from` at the latest until `to` at the earliest. */
  from: number
  to: number
  /** When all answers that the stretch is concluded from had come. */
  knownAt: number
}

/** When the first contradiction that was found had shown; Infinity when none was. */
export function contradictedAt(steps: readonly Step[], initial: number, values: number): number {
  const bringers = countBringers(steps, initial, values)
  const zones = knownZones(steps, initial, bringers).sort((a, b) => a.from - b.from)
  let earliest = Math.min(firstUnbrought(steps, bringers), firstWithin(steps, zones))
  let reaching: Zone | undefined
  for (const zone of zones) {
    if (reaching && zone.from < reaching.to)
      earliest = Math.min(earliest, Math.max(zone.knownAt, reaching.knownAt))
    if (!reaching || zone.to > reaching.to) reaching = zone
  }
  return earliest
}

const brings = (step: Step) => step.effect === 'write' || step.effect === 'swap'
/** Proves that the state was `from`. */
const shows = (step: Step) => step.return !== Infinity && (step.effect === 'read' || step.effect === 'swap')

function countBringers(steps: readonly Step[], initial: number, values: number): Int32Array {
  const bringers = new Int32Array(values)
  bringers[initial] = 1
  for (const step of steps) if (brings(step)) bringers[step.to] = (bringers[step.to] as number) + 1
  return bringers
}

function firstUnbrought(steps: readonly Step[], bringers: Int32Array): number {
  let earliest = Infinity
  for (const step of steps) {
    if (shows(step) && bringers[step.from] === 0) earliest = Math.min(earliest, step.return)
  }
  return earliest
}

function knownZones(steps: readonly Step[], initial: number, bringers: Int32Array): Zone[] {
  const zones: (Zone | undefined)[] = []
  const zoneOf = (value: number): Zone | undefined => {
    if (bringers[value] !== 1) return undefined
    const from = value === initial ? -Infinity : Infinity
    zones[value] ??= { value, from, to: -Infinity, knownAt: -Infinity }
    return zones[value]
  }
  for (const step of steps) {
    const shown = shows(step) ? zoneOf(step.from) : undefined
    if (shown) {
      shown.from = Math.min(shown.from, step.return)
      shown.to = Math.max(shown.to, step.call)
      shown.knownAt = Math.max(shown.knownAt, step.return)
    }
    const brought = brings(step) ? zoneOf(step.to) : undefined
    if (brought) {
      // By its return at the latest, and not before its call.
      brought.from = Math.min(brought.from, step.return)
      brought.to = Math.max(brought.to, step.call)
    }
  }
  return zones.filter(zone => zone !== undefined).filter(zone => zone.from < zone.to)
}

/** Steps that lie within the zone of a value that they contradict. `zones` are in order. */
function firstWithin(steps: readonly Step[], zones: readonly Zone[]): number {
  let earliest = Infinity
  for (const step of steps) {
    if (step.return === Infinity) continue
    const zone = zoneAt(zones, step.call)
    if (!zone || step.return >= zone.to || step.call <= zone.from) continue
    const agrees =
      step.effect === 'refuse' ? step.from !== zone.value : step.from === zone.value && step.to === zone.value
    if (!agrees) earliest = Math.min(earliest, Math.max(zone.knownAt, step.return))
  }
  return earliest
}

/** The last zone that begins before the time. */
function zoneAt(zones: readonly Zone[], time: number): Zone | undefined {
  let low = 0
  let high = zones.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((zones[middle] as Zone).from < time) low = middle + 1
    else high = middle
  }
  return zones[low - 1]
}
