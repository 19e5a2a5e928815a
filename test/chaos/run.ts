/**
 * `pnpm test:chaos`: real processes are broken under load for as long as it takes to trust them. Name stages to run
 * only those. Ends with one line, `N passed, N failed`: a stage is one.
 */
import { readArguments } from '../arguments.ts'
import type { Stage } from './stage.ts'
import { stages } from './stages.ts'

const usage = `pnpm test:chaos [stage …] [--seconds N] [--cycles N] [--trials N]

${stages.map(({ name, summary, long, unit }) => `  ${name.padEnd(14)} ${summary} (${long} ${unit})`).join('\n')}`

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

const { numbers, names } = readArguments(['seconds', 'cycles', 'trials'], {
  usage,
  names: stages.map(({ name }) => name),
})
let passed = 0
const wanted = stages.filter(({ name }) => names.length === 0 || names.includes(name))
for (const stage of wanted) {
  if (await passes(stage, numbers[stage.unit] ?? stage.long)) passed += 1
}
console.log(`\n${passed} passed, ${wanted.length - passed} failed`)
// Whatever a stage that failed has left open.
process.exit(passed === wanted.length ? 0 : 1)
