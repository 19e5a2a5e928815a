/** What the command prints. */
import { spawnSync } from 'node:child_process'
import type { Less, Suite } from '../suite.ts'
import type { BatchResult, Failure } from './batch.ts'
import type { Outcome } from './one-seed.ts'
import { flagsOf } from './shrink.ts'

export function showFailure(suite: Suite, failure: Failure, less: Less, planted?: string): void {
  const { seed, setup, error } = failure
  console.log(`\nFAILED ${suite.name}, seed ${seed}, commit ${commit()}`)
  console.log(`  drawn: ${JSON.stringify(setup)}`)
  console.log(`  ${error.stack}`)
  const extra = planted === undefined ? '' : ` --planted ${planted}`
  const flags = `--suite ${suite.name} --seed ${seed}${extra}${flagsOf(less)}`
  console.log(`  replay: node test/simulation/run.ts ${flags} --trace trace.jsonl`)
}

function commit(): string {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' })
  const { status, stdout } = git('rev-parse', '--short', 'HEAD')
  // Not a clone, or no git: the command alone must do.
  if (status !== 0) return 'unknown'
  return git('diff', '--quiet', 'HEAD').status === 0 ? stdout.trim() : `${stdout.trim()} with changes`
}

export function showBatch(result: BatchResult, seconds: number): void {
  const { events, handled, turns, goals, missedGoals, drawn, repeated } = result
  const perSecond = (count: number) => `${Math.round(count / seconds / 1000)} k/s`
  console.log(
    `  ${seconds.toFixed(1)} s, ${turns} turns, ${events} simulated events (${perSecond(events)}), ${handled} handled by actors (${perSecond(handled)})`,
  )
  if (drawn.size > 0) console.log(`  drawn: ${counted(drawn)}`)
  console.log(`  sometimes: ${counted(goals)}`)
  if (repeated > 0) console.log(`  same seed, same trace: ${repeated} seeds, each in two fresh processes`)
  for (const goal of missedGoals) console.log(`  NEVER in this batch: ${goal}`)
}

export function showReplay(suite: Suite, outcome: Outcome, trace: string | undefined): void {
  console.log(`${suite.name}, seed ${outcome.seed}: ${JSON.stringify(outcome.setup)}`)
  const { events, handled, turns, nowMs, hash } = outcome
  console.log(
    `  ${events} simulated events, ${handled} handled by actors, ${turns} turns, ${nowMs.toFixed(0)} virtual ms, trace ${hash}`,
  )
  if (trace !== undefined) console.log(`  every event: ${trace}`)
}

function counted(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, times]) => `${what} ${times}`).join(' · ')
}

export function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}
