/** Runs one seed of a suite, and tells the outcome in plain data, so that another process can be told. */
import type { TraceSink } from '@synod/runtime/simulation'
import { type Less, Run } from '../suite.ts'
import { suiteNamed } from '../suites.ts'

export interface Task extends Less {
  readonly suite: string
  readonly seed: number
  readonly planted?: string
}

export interface Outcome {
  readonly seed: number
  readonly setup: Readonly<Record<string, unknown>>
  /** The kinds of faults that it had. */
  readonly kinds: readonly string[]
  readonly hash: string
  readonly nowMs: number
  /** Of the scheduler. */
  readonly events: number
  /** By actors. */
  readonly handled: number
  readonly turns: number
  readonly goals: readonly (readonly [string, number])[]
  /** Undefined: it passed. */
  readonly error: FoundError | undefined
}

export interface FoundError {
  readonly message: string
  readonly stack: string
}

export function runSeed({ suite, seed, ...options }: Task, trace?: TraceSink): Outcome {
  const run = new Run(seed, trace === undefined ? options : { ...options, trace })
  let error: FoundError | undefined
  try {
    suiteNamed(suite)?.run(run)
  } catch (thrown) {
    error = describe(thrown)
  }
  if (run.begun) for (const [what, times] of run.sim.happened.entries()) run.reached(`fault: ${what}`, times)
  return { seed, setup: run.setup, kinds: run.kinds, ...measured(run), goals: [...run.goals], error }
}

function measured(run: Run): Pick<Outcome, 'hash' | 'nowMs' | 'events' | 'handled' | 'turns'> {
  if (!run.begun) return { hash: '', nowMs: 0, events: 0, handled: 0, turns: 0 }
  const { trace, now, events, handled, turns } = run.sim
  return { hash: trace.hash, nowMs: now, events, handled, turns }
}

function describe(thrown: unknown): FoundError {
  if (!(thrown instanceof Error)) return { message: String(thrown), stack: String(thrown) }
  const cause = thrown.cause instanceof Error ? `\n  caused by ${thrown.cause.stack}` : ''
  return { message: thrown.message, stack: `${thrown.stack ?? thrown.message}${cause}` }
}
