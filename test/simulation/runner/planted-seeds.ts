/**
 * The record of the planted bugs: which seeds catch each. It is replayed by every test run and must be red; looking
 * for seeds takes longer and is done by hand, when a change has made the recorded ones harmless.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Suite } from '../suite.ts'
import { type Failure, isFailure, taskOf } from './batch.ts'
import type { Processes } from './pool.ts'

const file = join(import.meta.dirname, '..', 'planted', 'seeds.json')

/** A planted bug must be caught within so many seeds. */
export const plantedWithin = 1000
/** So many are kept of each, as a change of the protocols changes every history. */
const kept = 3

type Recorded = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>

function recorded(): Recorded {
  return JSON.parse(readFileSync(file, 'utf8')) as Recorded
}

export function seedsOf(suite: Suite, planted: string): readonly number[] {
  return recorded()[suite.name]?.[planted] ?? []
}

/** The first recorded seed that is red. */
export async function replayPlanted(
  processes: Processes,
  suite: Suite,
  planted: string,
): Promise<Failure | undefined> {
  for (const seed of seedsOf(suite, planted)) {
    const outcome = await processes.run(taskOf({ suite, planted }, seed))
    if (isFailure(outcome)) return outcome
  }
  return undefined
}

/** The first seeds that catch it, from 1 on. */
export async function searchPlanted(
  processes: Processes,
  suite: Suite,
  planted: string,
  jobs: number,
): Promise<readonly Failure[]> {
  const found: Failure[] = []
  for (let seed = 1; seed <= plantedWithin && found.length < kept; seed += jobs) {
    const seeds = Array.from({ length: jobs }, (_, index) => seed + index)
    const outcomes = await Promise.all(seeds.map(one => processes.run(taskOf({ suite, planted }, one))))
    found.push(...outcomes.filter(isFailure))
  }
  return found.slice(0, kept)
}

export function record(suite: Suite, planted: string, seeds: readonly number[]): void {
  const before = recorded()
  const bugs = { ...before[suite.name], [planted]: seeds }
  // Bugs that the suite no longer has go.
  const known = suite.planted.filter(bug => bug in bugs).map(bug => [bug, bugs[bug]] as const)
  const after = { ...before, [suite.name]: Object.fromEntries(known) }
  // A line for each bug, as the formatter has it.
  const text = JSON.stringify(after, undefined, 2).replaceAll(/\[[\d,\s]*\]/g, list =>
    JSON.stringify(JSON.parse(list)).replaceAll(',', ', '),
  )
  writeFileSync(file, `${text}\n`)
}
