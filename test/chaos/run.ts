/**
 * `pnpm test:chaos`: real processes are broken under load for as long as it takes to trust them. Name stages to run
 * only those. Ends with one line, `N passed, N failed`: a stage is one.
 */
import { parseArgs } from 'node:util'
import type { Stage } from './stage.ts'
import { stages } from './stages.ts'

const usage = `pnpm test:chaos [stage …] [--seconds N] [--cycles N] [--trials N]

${stages.map(({ name, summary, long, unit }) => `  ${name.padEnd(14)} ${summary} (${long} ${unit})`).join('\n')}`

function wrong(message: string): never {
  console.error(`${message}\n\n${usage}`)
  process.exit(2)
}

function sizes(values: Readonly<Record<string, unknown>>): Partial<Record<Stage['unit'], number>> {
  const given = Object.entries(values).flatMap(([name, text]) => {
    const size = Number(text)
    if (!Number.isSafeInteger(size) || size < 1) wrong(`--${name} must be a whole number above 0`)
    return [[name, size]]
  })
  return Object.fromEntries(given)
}

async function passes(stage: Stage, size: number): Promise<boolean> {
  console.log(`\n=== ${stage.name}: ${stage.summary}; ${size} ${stage.unit}`)
  const began = performance.now()
  try {
    await stage.run(size, line => console.log(`    ${line}`))
    console.log(`${stage.name} passed in ${((performance.now() - began) / 1_000).toFixed(0)} s`)
    return true
  } catch (error) {
    console.log(`${stage.name} FAILED:`, error)
    return false
  }
}

const option = { type: 'string' } as const
const { values, positionals } = parseArgs({
  options: { seconds: option, cycles: option, trials: option, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
})
const { help, ...rest } = values
if (help === true) {
  console.log(usage)
  process.exit(0)
}
const unknown = positionals.filter(name => !stages.some(stage => stage.name === name))
if (unknown.length > 0) wrong(`no stage ${unknown.join(', ')}`)
const told = sizes(rest)
let passed = 0
const wanted = stages.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
for (const stage of wanted) {
  if (await passes(stage, told[stage.unit] ?? stage.long)) passed += 1
}
console.log(`\n${passed} passed, ${wanted.length - passed} failed`)
// Whatever a stage that failed has left open.
process.exit(passed === wanted.length ? 0 : 1)
