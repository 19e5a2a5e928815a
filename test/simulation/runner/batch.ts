/** Runs a suite over many seeds: what failed, which goals were reached, whether the same seed gave the same trace. */
import type { Less, Suite } from '../suite.ts'
import type { Outcome, Task } from './one-seed.ts'
import type { Processes } from './pool.ts'

export interface Batch extends Less {
  readonly suite: Suite
  readonly from: number
  readonly seeds: number
  readonly planted?: string
  /** Called after each seed. */
  readonly progress?: (done: number, failed: number) => void
}

export type Failure = Outcome & { readonly error: NonNullable<Outcome['error']> }

export interface BatchResult {
  readonly passed: number
  /** In the order of their seeds. */
  readonly failures: readonly Failure[]
  readonly goals: ReadonlyMap<string, number>
  readonly missedGoals: readonly string[]
  /** What was drawn, how often. */
  readonly drawn: ReadonlyMap<string, number>
  /** How many seeds ran again in fresh processes. */
  readonly repeated: number
  readonly events: number
  readonly handled: number
  readonly turns: number
}

/** A batch from this size on must reach every goal. */
const goalsFrom = 300
/** One seed in so many runs again, twice, each time in a fresh process, and must give the same trace. */
const repeatEvery = 50

export async function runBatch(processes: Processes, batch: Batch): Promise<BatchResult> {
  const outcomes: Outcome[] = []
  let failed = 0
  const one = async (seed: number) => {
    const outcome = await processes.run(taskOf(batch, seed))
    outcomes.push(outcome)
    if (outcome.error !== undefined) failed += 1
    batch.progress?.(outcomes.length, failed)
  }
  await Promise.all(Array.from({ length: batch.seeds }, (_, index) => one(batch.from + index)))
  outcomes.sort((a, b) => a.seed - b.seed)
  const sample = outcomes.filter((outcome, index) => index % repeatEvery === 0 && outcome.error === undefined)
  const failures = [...outcomes.filter(isFailure), ...(await repeat(processes, batch, sample))]
  const goals = summed(batch.suite, outcomes)
  return {
    passed: batch.seeds - failures.length,
    failures,
    goals,
    missedGoals: batch.seeds >= goalsFrom ? batch.suite.goals.filter(goal => goals.get(goal) === 0) : [],
    drawn: drawn(outcomes),
    repeated: sample.length,
    events: total(outcomes, outcome => outcome.events),
    handled: total(outcomes, outcome => outcome.handled),
    turns: total(outcomes, outcome => outcome.turns),
  }
}

export function taskOf(
  { suite, planted, without, mostClients }: Omit<Batch, 'from' | 'seeds'>,
  seed: number,
): Task {
  return {
    suite: suite.name,
    seed,
    ...(planted === undefined ? {} : { planted }),
    ...(without === undefined ? {} : { without }),
    ...(mostClients === undefined ? {} : { mostClients }),
  }
}

export function isFailure(outcome: Outcome): outcome is Failure {
  return outcome.error !== undefined
}

async function repeat(processes: Processes, batch: Batch, sample: readonly Outcome[]): Promise<Failure[]> {
  const failures: Failure[] = []
  for (const first of sample) {
    const task = taskOf(batch, first.seed)
    const again = await Promise.all([processes.runFresh(task), processes.runFresh(task)])
    const hashes = [first, ...again].map(({ hash }) => hash)
    if (hashes.every(hash => hash === first.hash)) continue
    const message = `runs of the same seed in three processes differ: ${hashes.join(', ')}`
    failures.push({ ...first, error: { message, stack: message } })
  }
  return failures
}

function summed(suite: Suite, outcomes: readonly Outcome[]): Map<string, number> {
  const goals = new Map<string, number>(suite.goals.map(goal => [goal, 0]))
  for (const outcome of outcomes) {
    for (const [goal, times] of outcome.goals) goals.set(goal, (goals.get(goal) ?? 0) + times)
  }
  return goals
}

/** Of what has few values: cluster sizes, workloads. */
function drawn(outcomes: readonly Outcome[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { setup } of outcomes) {
    for (const name of ['size', 'workload'] as const) {
      if (setup[name] === undefined) continue
      const value = `${name} ${setup[name]}`
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
  }
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function total(outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number {
  return outcomes.reduce((sum, outcome) => sum + of(outcome), 0)
}
