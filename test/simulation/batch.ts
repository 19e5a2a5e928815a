/** Runs a suite over many seeds: what failed and how to see it again, which goals were reached, how fast. */
import type { TraceSink } from '@synod/runtime/simulation'
import { Run, type Suite } from './suite.ts'

export interface Batch {
  readonly suite: Suite
  readonly from: number
  readonly seeds: number
  readonly planted?: string
  /** Called after each seed. */
  readonly progress?: (done: number, failed: number) => void
  readonly failed?: (failure: Failure) => void
}

export interface Failure {
  readonly seed: number
  readonly setup: Readonly<Record<string, unknown>>
  readonly error: Error
}

export interface BatchResult {
  readonly passed: number
  readonly failures: readonly Failure[]
  readonly goals: ReadonlyMap<string, number>
  readonly missedGoals: readonly string[]
  readonly events: number
  readonly turns: number
}

export interface SeedResult {
  readonly run: Run
  readonly error: Error | undefined
}

/** A batch from this size on must reach every goal. */
const goalsFrom = 100
/** One seed in so many runs twice, and must give the same trace. */
const repeatEvery = 20

export function runSeed(suite: Suite, seed: number, planted?: string, trace?: TraceSink): SeedResult {
  const run = new Run(seed, planted, trace)
  try {
    suite.run(run)
    return { run, error: undefined }
  } catch (error) {
    return { run, error: error instanceof Error ? error : new Error(String(error)) }
  }
}

export function runBatch({ suite, from, seeds, planted, progress, failed }: Batch): BatchResult {
  const failures: Failure[] = []
  const goals = new Map<string, number>(suite.goals.map(goal => [goal, 0]))
  let events = 0
  let turns = 0
  for (let seed = from; seed < from + seeds; seed++) {
    const { run, error } = runSeed(suite, seed, planted)
    const problem = error ?? (seed % repeatEvery === 0 ? repeated(suite, run, planted) : undefined)
    if (problem !== undefined) {
      const failure = { seed, setup: run.setup, error: problem }
      failures.push(failure)
      failed?.(failure)
    }
    for (const [goal, times] of run.goals) goals.set(goal, (goals.get(goal) ?? 0) + times)
    if (run.begun) {
      events += run.sim.events
      turns += run.sim.turns
    }
    progress?.(seed - from + 1, failures.length)
  }
  const missed = seeds >= goalsFrom ? suite.goals.filter(goal => goals.get(goal) === 0) : []
  return { passed: seeds - failures.length, failures, goals, missedGoals: missed, events, turns }
}

function repeated(suite: Suite, first: Run, planted: string | undefined): Error | undefined {
  const { run } = runSeed(suite, first.seed, planted)
  if (run.sim.trace.hash === first.sim.trace.hash) return undefined
  return new Error(`two runs of the seed differ: ${first.sim.trace.hash} and ${run.sim.trace.hash}`)
}

/** The first seed that catches a planted bug; undefined when none does. */
export function caughtBy(suite: Suite, planted: string, from: number, seeds: number): Failure | undefined {
  for (let seed = from; seed < from + seeds; seed++) {
    const { run, error } = runSeed(suite, seed, planted)
    if (error !== undefined) return { seed, setup: run.setup, error }
  }
  return undefined
}
