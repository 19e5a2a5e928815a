/**
 * Runs simulation suites over seeds:
 *
 *     node test/simulation/run.ts --suite ledger --seeds 100            the fixed seeds 1 to 100, then the planted bugs
 *     node test/simulation/run.ts --suite ledger --seeds 100 --from 501
 *     node test/simulation/run.ts --suite ledger --seed 8123 --trace trace.jsonl
 *
 * The last line counts: `N passed, N failed`. Exit code 1 when anything failed, 2 on wrong usage.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { decode } from '@synod/runtime/protocol'
import type { TraceSink } from '@synod/runtime/simulation'
import { caughtBy, type Failure, runBatch, runSeed } from './batch.ts'
import { fixedSeeds } from './stages.ts'
import type { Suite } from './suite.ts'
import { suiteNamed, suites } from './suites.ts'

interface Wanted {
  readonly suites: readonly Suite[]
  readonly from: number
  readonly seeds: number
  readonly one: boolean
  readonly planted: string | undefined
  readonly plant: boolean
  readonly trace: string | undefined
}

class Usage extends Error {}

/** A planted bug must be caught within so many seeds. */
const plantedSeeds = 1000

function wanted(): Wanted {
  const { values } = parseArgs({
    options: {
      suite: { type: 'string', default: 'all' },
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      planted: { type: 'string' },
      'no-planted': { type: 'boolean', default: false },
      trace: { type: 'string' },
    },
  })
  const chosen = values.suite === 'all' ? suites : [named(values.suite)]
  const one = values.seed !== undefined
  if (values.trace !== undefined && !one) throw new Usage('--trace FILE needs --seed N')
  const [suite] = chosen
  if (values.planted !== undefined && !suite?.planted.includes(values.planted)) {
    throw new Usage(
      `${suite?.name} has no planted bug ${values.planted}: ${suite?.planted.join(', ') || 'none'}`,
    )
  }
  return {
    suites: chosen,
    from: one ? whole('seed', values.seed) : whole('from', values.from),
    seeds: one ? 1 : whole('seeds', values.seeds),
    one,
    planted: values.planted,
    plant:
      !one && values.planted === undefined && !values['no-planted'] && values.from === String(fixedSeeds),
    trace: values.trace,
  }
}

function named(name: string): Suite {
  const suite = suiteNamed(name)
  if (suite === undefined) {
    throw new Usage(`no suite ${name}: there are ${suites.map(one => one.name).join(', ')}, or all`)
  }
  return suite
}

function whole(name: string, text: string | undefined): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Usage(`--${name} ${text}: a whole number is needed`)
  return value
}

function commit(): string {
  const { status, stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  // Not a clone, or no git: the command alone must do.
  return status === 0 ? stdout.trim() : 'unknown'
}

function show(suite: Suite, { seed, setup, error }: Failure, planted?: string): void {
  console.log(`\nFAILED ${suite.name}, seed ${seed}, commit ${commit()}`)
  console.log(`  drawn: ${JSON.stringify(setup)}`)
  console.log(`  ${error.stack ?? error.message}`)
  if (error.cause instanceof Error) console.log(`  caused by ${error.cause.stack ?? error.cause.message}`)
  const extra = planted === undefined ? '' : ` --planted ${planted}`
  console.log(
    `  replay: node test/simulation/run.ts --suite ${suite.name} --seed ${seed}${extra} --trace trace.jsonl`,
  )
}

/** Most failures printed in full; the rest is counted. */
const shown = 3

function batch(suite: Suite, { from, seeds, planted }: Wanted): { passed: number; failed: number } {
  console.log(`${suite.name}: ${suite.about}\n  seeds ${from} to ${from + seeds - 1}`)
  const started = performance.now()
  const more: number[] = []
  let printed = 0
  const result = runBatch({
    suite,
    from,
    seeds,
    ...(planted === undefined ? {} : { planted }),
    progress: (done, failed) => {
      if (process.stdout.isTTY) process.stdout.write(`\r  ${done} of ${seeds}, ${failed} failed \r`)
      else if (done % 250 === 0 && done < seeds) console.log(`  ${done} of ${seeds}, ${failed} failed`)
    },
    failed: failure => {
      printed += 1
      if (printed <= shown) show(suite, failure, planted)
      else more.push(failure.seed)
    },
  })
  const seconds = (performance.now() - started) / 1000
  if (more.length > 0) console.log(`\n  failed as well: ${more.join(', ')}`)
  const rate = Math.round(result.events / seconds / 1000)
  console.log(`  ${seconds.toFixed(1)} s, ${result.events} events, ${result.turns} turns, ${rate} k events/s`)
  const goals = [...result.goals].map(([goal, times]) => `${goal} ${times}`)
  if (goals.length > 0) console.log(`  sometimes: ${goals.join(' · ')}`)
  for (const goal of result.missedGoals) console.log(`  NEVER in this batch: ${goal}`)
  return { passed: result.passed, failed: result.failures.length + result.missedGoals.length }
}

function plant(suite: Suite, from: number): { passed: number; failed: number } {
  const count = { passed: 0, failed: 0 }
  for (const planted of suite.planted) {
    const caught = caughtBy(suite, planted, from, plantedSeeds)
    if (caught === undefined) {
      count.failed += 1
      console.log(`  planted ${planted}: NOT CAUGHT by ${plantedSeeds} seeds`)
    } else {
      count.passed += 1
      console.log(`  planted ${planted}: caught by seed ${caught.seed} (${firstLine(caught.error)})`)
    }
  }
  return count
}

function firstLine(error: Error): string {
  return error.message.split('\n')[0] ?? ''
}

function replay(
  suite: Suite,
  { from: seed, planted, trace: file }: Wanted,
): { passed: number; failed: number } {
  const handle = file === undefined ? undefined : openSync(file, 'w')
  const sink: TraceSink | undefined =
    handle === undefined ? undefined : line => writeSync(handle, `${JSON.stringify(line, readable)}\n`)
  const { run, error } = runSeed(suite, seed, planted, sink)
  if (handle !== undefined) closeSync(handle)
  console.log(`${suite.name}, seed ${seed}: ${JSON.stringify(run.setup)}`)
  if (run.begun) {
    const { events, turns, now, trace } = run.sim
    console.log(`  ${events} events, ${turns} turns, ${now.toFixed(0)} virtual ms, trace ${trace.hash}`)
  }
  if (file !== undefined) console.log(`  every event: ${file}`)
  if (error === undefined) return { passed: 1, failed: 0 }
  show(suite, { seed, setup: run.setup, error }, planted)
  return { passed: 0, failed: 1 }
}

/** Encoded bytes are shown as what they encode. */
function readable(this: Readonly<Record<string, unknown>>, key: string, plain: unknown): unknown {
  // A Buffer has been turned into JSON already.
  const value = this[key]
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Map || value instanceof Set) return [...value]
  return value instanceof Uint8Array ? decode(value) : plain
}

function main(): void {
  const what = wanted()
  const total = { passed: 0, failed: 0 }
  const add = (count: { passed: number; failed: number }) => {
    total.passed += count.passed
    total.failed += count.failed
  }
  for (const suite of what.suites) {
    if (what.one) add(replay(suite, what))
    else add(batch(suite, what))
    if (what.plant) add(plant(suite, what.from))
  }
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 ? 0 : 1
}

try {
  main()
} catch (error) {
  if (!(error instanceof Usage) && !(error instanceof TypeError && 'code' in error)) throw error
  console.error(error.message)
  process.exitCode = 2
}
