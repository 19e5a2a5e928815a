/**
 * `pnpm test`: everything, in the order in which a mistake is cheapest to see. Name stages to run only those:
 * `pnpm test unit simulation`. Ends with one line, `N passed, N failed`, counted from the runs themselves.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { ensureChromium } from './browser/chromium.ts'
import { fixedSeeds, simulationStages } from './simulation/runner/stages.ts'

interface Count {
  readonly passed: number
  readonly failed: number
  /** Names of what failed, said again at the end: the output above is long. */
  readonly failures?: readonly string[]
}
interface Stage {
  readonly name: string
  run(): Promise<Count>
}

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)

const stages: readonly Stage[] = [
  { name: 'lint', run: () => tool('biome', ['check', '--error-on-warnings', '.']) },
  { name: 'types', run: () => tool('tsc', ['--noEmit']) },
  { name: 'unit', run: () => vitest('vitest.config.ts') },
  { name: 'simulation', run: simulation },
  { name: 'processes', run: () => vitest('test/processes/vitest.config.ts') },
  { name: 'browser', run: browser },
]

/** Runs a program with this terminal; resolves to its exit code and the last line it printed. */
function run(command: string, args: readonly string[]): Promise<{ code: number; last: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    let tail = ''
    child.stdout.on('data', (data: Buffer) => {
      process.stdout.write(data)
      tail = (tail + data.toString()).slice(-2_000)
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code: code ?? 1, last: tail.trimEnd().split('\n').at(-1) ?? '' }))
  })
}

async function tool(name: string, args: readonly string[]): Promise<Count> {
  const { code } = await run(bin(name), args)
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly success: boolean
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[] | null
    }[]
  }[]
}

/** A file that cannot be loaded, and a skipped test, count as failures: nothing is silently left out. */
async function vitest(config: string): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), 'synod-test-'))
  try {
    const file = join(folder, 'report.json')
    const args = [
      'run',
      '--config',
      config,
      '--root',
      root,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ]
    const { code } = await run(bin('vitest'), args)
    const report = JSON.parse(await readFile(file, 'utf8')) as VitestReport
    const failed = report.numFailedTests + report.numPendingTests
    return {
      passed: report.numPassedTests,
      failed: failed === 0 && (code !== 0 || !report.success) ? 1 : failed,
      failures: report.testResults.flatMap(failuresOf),
    }
  } catch (error) {
    console.error(`vitest --config ${config} left no report:`, error)
    return { passed: 0, failed: 1 }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function failuresOf(file: VitestReport['testResults'][number]): string[] {
  const name = relative(root, file.name)
  const failed = file.assertionResults.filter(({ status }) => status !== 'passed')
  if (failed.length === 0) return file.status === 'passed' ? [] : [`${name}: ${firstLines(file.message)}`]
  return failed.map(
    ({ fullName, status, failureMessages }) =>
      `${name}: ${fullName}: ${firstLines(failureMessages?.join('\n') || status)}`,
  )
}

function firstLines(message: string): string {
  return message.split('\n').slice(0, 12).join('\n    ')
}

/** Every suite over the fixed seeds, and over a fresh batch whose first seed is printed. */
async function simulation(): Promise<Count> {
  const total = { passed: 0, failed: 0 }
  const failures: string[] = []
  const anywhere = Math.floor(Math.random() * 1_000_000_000)
  for (const { suite, fixed, fresh } of simulationStages) {
    for (const [from, seeds] of [
      [fixedSeeds, fixed],
      [anywhere, fresh],
    ]) {
      const args = [
        'test/simulation/run.ts',
        '--suite',
        suite,
        '--seeds',
        String(seeds),
        '--from',
        String(from),
      ]
      const { code, last } = await run(process.execPath, args)
      const counted = /(\d+) passed, (\d+) failed/.exec(last)
      total.passed += Number(counted?.[1] ?? 0)
      const failed = Math.max(Number(counted?.[2] ?? 0), code === 0 && counted !== null ? 0 : 1)
      total.failed += failed
      if (failed > 0) failures.push(`suite ${suite}, seeds from ${from}: ${last}`)
    }
  }
  return { ...total, failures }
}

async function browser(): Promise<Count> {
  await ensureChromium()
  return vitest('test/browser/vitest.config.ts')
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2)
  const unknown = wanted.filter(name => !stages.some(stage => stage.name === name))
  if (unknown.length > 0) {
    console.error(`no stage ${unknown.join(', ')}: there are ${stages.map(({ name }) => name).join(', ')}`)
    process.exit(2)
  }
  const total = { passed: 0, failed: 0 }
  const lines: string[] = []
  const failures: string[] = []
  for (const stage of stages.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    console.log(`\n=== ${stage.name}`)
    const started = performance.now()
    const { passed, failed, failures: failing = [] } = await stage.run()
    total.passed += passed
    total.failed += failed
    failures.push(...failing.map(failure => `${stage.name}: ${failure}`))
    lines.push(
      `${stage.name.padEnd(12)} ${passed} ok, ${failed} not ok, ${((performance.now() - started) / 1_000).toFixed(0)} s`,
    )
  }
  for (const failure of failures) console.log(`\nnot ok: ${failure}`)
  console.log(`\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
}

await main()
