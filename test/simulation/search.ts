/**
 * Bounded search of a model: every state in so many steps.
 *
 *     node test/simulation/search.ts --model paxos                       to the depth that reaches all goals
 *     node test/simulation/search.ts --model commit --depth 10 --states 1000000
 *     node test/simulation/search.ts --model conflict --crashes 1 --losses 1
 *     node test/simulation/search.ts --model paxos --planted quorumOneShort
 *     node test/simulation/search.ts --model paxos --planted promiseNotSaved --rule PX6
 *
 * Exit code 1 when a rule is broken, or a goal is never reached although it is deep enough; 2 on wrong usage.
 */
import { parseArgs } from 'node:util'
import { type SearchModel, type SearchReport, search, story } from '@synod/runtime/simulation'
import { type ModelEntry, models } from './search/models.ts'

class Usage extends Error {}

interface Wanted {
  readonly entry: ModelEntry
  readonly model: SearchModel<unknown>
  readonly depth: number
  readonly states: number
}

function wanted(): Wanted {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: '' },
      depth: { type: 'string' },
      states: { type: 'string', default: '3000000' },
      planted: { type: 'string' },
      rule: { type: 'string' },
      crashes: { type: 'string' },
      losses: { type: 'string' },
      copies: { type: 'string' },
    },
  })
  const entry = models.find(({ name }) => name === values.model)
  if (entry === undefined) {
    throw new Usage(`--model ${values.model}: there are ${models.map(({ name }) => name).join(', ')}`)
  }
  if (values.planted !== undefined && !entry.planted.includes(values.planted)) {
    throw new Usage(`${entry.name} has no planted bug ${values.planted}: ${entry.planted.join(', ')}`)
  }
  const depth = values.depth === undefined ? entry.depth : whole('depth', values.depth)
  const model = only(bounded(entry.build(values.planted), values), values.rule)
  return { entry, model, depth, states: whole('states', values.states) }
}

type Bounded = 'crashes' | 'losses' | 'copies'

/** With more or fewer faults than the model has of itself. */
function bounded(
  model: SearchModel<unknown>,
  given: Readonly<Partial<Record<Bounded, string>>>,
): SearchModel<unknown> {
  const bounds = { ...model.bounds }
  for (const name of ['crashes', 'losses', 'copies'] as const) {
    const text = given[name]
    if (text !== undefined) bounds[name] = whole(name, text, 0)
  }
  return { ...model, bounds }
}

/** Looks for broken rules with this in their name only. */
function only(model: SearchModel<unknown>, rule: string | undefined): SearchModel<unknown> {
  if (rule === undefined) return model
  const named = <Rule>(rules: Readonly<Record<string, Rule>> = {}) =>
    Object.fromEntries(Object.entries(rules).filter(([name]) => name.includes(rule)))
  const rules = named(model.rules)
  const turnRules = named(model.turnRules)
  if (Object.keys(rules).length + Object.keys(turnRules).length === 0) {
    const all = [...Object.keys(model.rules), ...Object.keys(model.turnRules ?? {})]
    throw new Usage(`--rule ${rule}: ${model.name} has ${all.join('; ')}`)
  }
  return { ...model, rules, turnRules }
}

function whole(name: string, text: string, least = 1): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < least)
    throw new Usage(`--${name} ${text}: a whole number is needed`)
  return value
}

function show(model: SearchModel<unknown>, report: SearchReport<unknown>, seconds: number): void {
  const { states, steps, turns, depth, exhausted, settled, reached, missed, broken } = report
  const all = exhausted ? ' (all there are)' : ''
  console.log(
    `  ${states} states${all}, ${steps} steps, ${turns} turns, complete to depth ${depth}, ${seconds} s`,
  )
  if (settled > 0) console.log(`  ${settled} states from which everything settled`)
  if (reached.size > 0) {
    console.log(`  sometimes: ${[...reached].map(([goal, at]) => `${goal} (${at})`).join(' · ')}`)
  }
  if (broken === undefined) {
    for (const goal of missed) console.log(`  NEVER to this depth: ${goal}`)
    return
  }
  console.log(`\nBROKEN ${broken.rule}: ${broken.error.message}\n  in ${broken.way.length} steps:`)
  for (const line of story(broken.way, model.tell)) console.log(line)
}

function main(): void {
  const { entry, model, depth, states } = wanted()
  const { timers, ...faults } = model.bounds
  const told = Object.entries({ ...faults, ...timers }).map(([name, most]) => `${name} ${most}`)
  console.log(`${model.name}: ${model.about}\n  at most: ${told.join(', ')}`)
  console.log(`  to depth ${depth}, at most ${states} states`)
  const started = performance.now()
  const seconds = () => Math.round((performance.now() - started) / 100) / 10
  const progress = (at: number, found: number) =>
    console.log(`  depth ${at}: ${found} states, ${seconds()} s`)
  const report = search(model, { depth, states, progress })
  show(model, report, seconds())
  // A search that is less deep than it must be cannot reach everything.
  const missed = depth >= entry.depth && report.missed.length > 0
  const failed = report.broken !== undefined || missed
  console.log(failed ? '0 passed, 1 failed' : '1 passed, 0 failed')
  process.exitCode = failed ? 1 : 0
}

try {
  main()
} catch (error) {
  if (!(error instanceof Usage) && !(error instanceof TypeError && 'code' in error)) throw error
  console.error(error.message)
  process.exitCode = 2
}
