/** Which faults a run has: drawn from its seed, or taken away one by one when a failure is made smaller. */
import { fairWeather } from '../network.ts'
import type { Random } from '../random.ts'

/** What the nemesis plays, each for a while, on nodes and links of its choice. */
export const faultKinds = [
  'cut',
  'partition',
  'bridge',
  'isolateLeader',
  'clog',
  'crash',
  'crashAtCommit',
  'pause',
  'skew',
  'jump',
  'slowNode',
  'slowDisk',
  'failDisk',
  'fullDisk',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** Bad weather: what befalls single messages. */
export const weatherKinds = ['loss', 'duplicate', 'reorder', 'delay'] as const

export interface NemesisMix {
  /** Mean milliseconds between two faults. */
  readonly everyMs: number
  /** Highest probabilities of bad weather. */
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
  readonly maxDelayMs: number
  readonly faults: readonly FaultKind[]
  /** Also a majority, or all nodes, may crash at once. */
  readonly all: boolean
}

export const noFaults: NemesisMix = {
  everyMs: 500,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  maxDelayMs: fairWeather.maxDelayMs,
  faults: [],
  all: false,
}

/** Few kinds at a time find other bugs than all at once. */
export function drawMix(random: Random): NemesisMix {
  const density = random.pick([0.15, 0.4, 0.75])
  const often = () => random.chance(0.65)
  return {
    everyMs: random.pick([100, 300, 800, 2000]),
    loss: often() ? random.pick([0.01, 0.05, 0.15, 0.3]) : 0,
    duplicate: often() ? random.pick([0.01, 0.05, 0.2, 0.5]) : 0,
    reorder: often() ? random.pick([0.01, 0.1, 0.3]) : 0,
    maxDelayMs: random.pick([1, 1, 5, 30]),
    faults: faultKinds.filter(() => random.chance(density)),
    all: random.chance(0.15),
  }
}

/** The same mix without these kinds; names that are no kind change nothing. */
export function without(mix: NemesisMix, kinds: ReadonlySet<string>): NemesisMix {
  return {
    ...mix,
    loss: kinds.has('loss') ? 0 : mix.loss,
    duplicate: kinds.has('duplicate') ? 0 : mix.duplicate,
    reorder: kinds.has('reorder') ? 0 : mix.reorder,
    maxDelayMs: kinds.has('delay') ? fairWeather.maxDelayMs : mix.maxDelayMs,
    faults: mix.faults.filter(kind => !kinds.has(kind)),
  }
}

/** The kinds that a mix has, weather included. */
export function kindsOf(mix: NemesisMix): string[] {
  const weather = weatherKinds.filter(kind =>
    kind === 'delay' ? mix.maxDelayMs > fairWeather.maxDelayMs : mix[kind] > 0,
  )
  return [...weather, ...mix.faults]
}
