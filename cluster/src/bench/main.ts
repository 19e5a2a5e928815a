/** `pnpm bench [tell|remote-tell|put|checkout|simulation|all]`: ratios beside a peer or limit of the same run. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { printJson } from '../cli/output.ts'
import { benchCheckout } from './checkout.ts'
import { type BenchReport, meetsFloor, printReport } from './figure.ts'
import { thisMachine } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { benchPut } from './put.ts'
import { benchRemoteTell } from './remote-tell.ts'
import { benchSimulation } from './simulation.ts'
import { benchTell } from './tell.ts'

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<BenchReport>>> = {
  tell: benchTell,
  'remote-tell': benchRemoteTell,
  put: benchPut,
  checkout: benchCheckout,
  simulation: benchSimulation,
}

interface Flags {
  readonly seconds: number
  readonly callers?: readonly number[]
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
    const report = await benches[one]?.({ ...flags, progress })
    if (report === undefined) continue
    reports.push(report)
    if (flags.json !== true) printReport(report, machine)
  }
  if (flags.json === true) printJson({ machine, reports })
  const missed = reports.some(report => report.figures.some(figure => meetsFloor(figure) === false))
  if (flags.check === true && missed) process.exitCode = 1
}

await new Command('bench')
  .description(
    'Measures Synod beside a peer or a limit of the same run. Ratios count; absolute figures are of this machine.',
  )
  .addArgument(new Argument('[bench]').choices([...Object.keys(benches), 'all']).default('all'))
  .addOption(new Option('--seconds <n>', 'measured, for each line').default(8).argParser(positive))
  .addOption(
    new Option('--callers <list>', 'of the put bench, such as 1,64').argParser((text: string) =>
      text.split(',').map(positive),
    ),
  )
  .option('--json', 'one object instead of tables')
  .option('--check', 'exit with 1 when a floor is missed')
  .action(bench)
  .parseAsync()
