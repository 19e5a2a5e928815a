/**
 * Runs simulation suites over seeds:
 *
 *     node test/simulation/run.ts --suite ledger --seeds 100            the fixed seeds 1 to 100, then the planted bugs
 *     node test/simulation/run.ts --suite ledger --seeds 100 --from 501 --jobs 2
 *     node test/simulation/run.ts --suite ledger --seed 8123 --trace trace.jsonl
 *     node test/simulation/run.ts --suite ledger --seeds 0 --search-planted
 *
 * The last line counts: `N passed, N failed`. Exit code 1 when anything failed, 2 on wrong usage.
 */
import { type Batch, isFailure, runBatch, taskOf } from './runner/batch.ts'
import { plantedWithin, record, replayPlanted, searchPlanted, seedsOf } from './runner/planted-seeds.ts'
import { Pool } from './runner/pool.ts'
import { replay } from './runner/replay.ts'
import { firstLine, showBatch, showFailure, showReplay } from './runner/show.ts'
import { shrink } from './runner/shrink.ts'
import { Usage, type Wanted, wanted } from './runner/wanted.ts'
import type { Suite } from './suite.ts'

interface Count {
  readonly passed: number
  readonly failed: number
}

/** Most failures made smaller and printed in full; the rest is counted. */
const shown = 3

async function batch(pool: Pool, suite: Suite, { from, seeds, planted, less }: Wanted): Promise<Count> {
  if (seeds === 0) return { passed: 0, failed: 0 }
  console.log(`${suite.name}: ${suite.about}\n  seeds ${from} to ${from + seeds - 1}`)
  const started = performance.now()
  const wish: Batch = { suite, from, seeds, ...less, ...(planted === undefined ? {} : { planted }), progress }
  function progress(done: number, failed: number): void {
    if (process.stdout.isTTY) process.stdout.write(`\r  ${done} of ${seeds}, ${failed} failed \r`)
    else if (done % 100 === 0 && done < seeds) console.log(`  ${done} of ${seeds}, ${failed} failed`)
  }
  const result = await runBatch(pool, wish)
  const seconds = (performance.now() - started) / 1000
  for (const failure of result.failures.slice(0, shown)) {
    const smaller = await shrink(pool, wish, failure)
    showFailure(suite, smaller.failure, smaller.less, planted)
  }
  const more = result.failures.slice(shown).map(({ seed }) => seed)
  if (more.length > 0) console.log(`\n  failed as well: ${more.join(', ')}`)
  showBatch(result, seconds)
  return { passed: result.passed, failed: result.failures.length + result.missedGoals.length }
}

async function plant(pool: Pool, suite: Suite, { plant, jobs, planted }: Wanted): Promise<Count> {
  const count = { passed: 0, failed: 0 }
  const bugs = planted === undefined ? suite.planted : [planted]
  if (bugs.length > 0) console.log('  bugs put in on purpose, each of which must be seen:')
  for (const bug of bugs) {
    const found =
      plant === 'search' ? await search(pool, suite, bug, jobs) : await replayPlanted(pool, suite, bug)
    if (found === undefined) count.failed += 1
    else count.passed += 1
    console.log(`  ${bug}: ${found === undefined ? notCaught(suite, bug, plant) : red(found)}`)
  }
  return count
}

async function search(pool: Pool, suite: Suite, bug: string, jobs: number) {
  const found = await searchPlanted(pool, suite, bug, jobs)
  const seeds = found.map(({ seed }) => seed)
  record(suite, bug, seeds)
  return found[0]
}

function red({
  seed,
  error,
}: {
  readonly seed: number
  readonly error: { readonly message: string }
}): string {
  const line = firstLine(error.message)
  return `caught by seed ${seed}: ${line.length <= 160 ? line : `${line.slice(0, 160)}…`}`
}

function notCaught(suite: Suite, bug: string, how: Wanted['plant']): string {
  if (how === 'search') return `NOT CAUGHT by ${plantedWithin} seeds`
  const seeds = seedsOf(suite, bug).join(', ') || 'there are none'
  return `NOT CAUGHT by its recorded seeds (${seeds}); --suite ${suite.name} --seeds 0 --search-planted looks for others`
}

function one(suite: Suite, { from: seed, planted, less, trace }: Wanted): Count {
  const outcome = replay(
    taskOf({ suite, ...less, ...(planted === undefined ? {} : { planted }) }, seed),
    trace,
  )
  showReplay(suite, outcome, trace)
  if (!isFailure(outcome)) return { passed: 1, failed: 0 }
  showFailure(suite, outcome, less, planted)
  return { passed: 0, failed: 1 }
}

async function main(): Promise<void> {
  const what = wanted()
  const pool = new Pool(what.jobs)
  const total = { passed: 0, failed: 0 }
  const add = (count: Count) => {
    total.passed += count.passed
    total.failed += count.failed
  }
  for (const suite of what.suites) {
    if (what.one) add(one(suite, what))
    else if (what.plant !== 'search' || what.seeds > 0) add(await batch(pool, suite, what))
    if (what.plant !== 'no') add(await plant(pool, suite, what))
  }
  pool.close()
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 ? 0 : 1
}

try {
  await main()
} catch (error) {
  if (!(error instanceof Usage) && !(error instanceof TypeError && 'code' in error)) throw error
  console.error(error.message)
  process.exitCode = 2
}
