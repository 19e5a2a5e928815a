/** `pnpm bench [name|all]`: ratios beside a peer or limit of the same run, and times and sizes beside their goals. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { printJson } from '../cli/output.ts'
import { benchCheckout } from './checkout.ts'
import { benchFailover } from './failover.ts'
import { type BenchReport, misses, printReport } from './figure.ts'
import { thisMachine } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { benchPut } from './put.ts'
import { benchReady } from './ready.ts'
import { benchRemoteTell } from './remote-tell.ts'
import { benchScaling, scalingSeconds } from './scaling.ts'
import { benchSimulation } from './simulation.ts'
import { benchSize } from './size.ts'
import { benchTell } from './tell.ts'

interface Bench {
  readonly run: (options: BenchOptions) => Promise<BenchReport>
  /** Measured for each line unless told otherwise. */
  readonly seconds?: number
}

const benches: Readonly<Record<string, Bench>> = {
  tell: { run: benchTell },
  'remote-tell': { run: benchRemoteTell },
  put: { run: benchPut },
  checkout: { run: benchCheckout },
  failover: { run: benchFailover },
  scaling: { run: benchScaling, seconds: scalingSeconds },
  size: { run: benchSize },
  ready: { run: benchReady },
  simulation: { run: benchSimulation },
}
const defaultSeconds = 8

interface Flags {
  readonly seconds?: number
  readonly callers?: readonly number[]
  readonly kills?: number
  readonly rows?: number
  readonly json?: true
  readonly check?: true
}

function positive(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0 && number <= 100_000) return number
  throw new InvalidArgumentError('a whole number above 0 is needed.')
}

async function bench(name: string, flags: Flags): Promise<void> {
  const machine = thisMachine()
  const progress = (what: string) => {
    if (process.stderr.isTTY) process.stderr.write(`${what} …\n`)
  }
  const reports: BenchReport[] = []
  for (const one of name === 'all' ? Object.keys(benches) : [name]) {
    const found = benches[one]
    if (found === undefined) continue
    const seconds = flags.seconds ?? found.seconds ?? defaultSeconds
    const report = await found.run({ ...flags, seconds, progress })
    reports.push(report)
    if (flags.json !== true) printReport(report, machine)
  }
  if (flags.json === true) printJson({ machine, reports })
  if (flags.check === true && reports.some(misses)) process.exitCode = 1
}

await new Command('bench')
  .description(
    'Measures Synod beside a peer or a limit of the same run. Ratios count; absolute figures are of this machine.',
  )
  .addArgument(new Argument('[bench]').choices([...Object.keys(benches), 'all']).default('all'))
  .addOption(
    new Option(
      '--seconds <n>',
      `measured, for each line (default ${defaultSeconds}; scaling ${scalingSeconds})`,
    ).argParser(positive),
  )
  .addOption(
    new Option('--callers <list>', 'of the put bench, such as 1,64').argParser((text: string) =>
      text.split(',').map(positive),
    ),
  )
  .addOption(new Option('--kills <n>', 'of the failover bench (default 50)').argParser(positive))
  .addOption(new Option('--rows <n>', 'of each kind, of size and ready (default 100000)').argParser(positive))
  .option('--json', 'one object instead of tables')
  .option('--check', 'exit with 1 when a floor or a goal is missed')
  .action(bench)
  .parseAsync()
