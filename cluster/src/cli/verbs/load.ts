/** `cluster load`: puts users to work on a cluster, and says what they got. */
import { resolve } from 'node:path'
import { DefiniteError, IndefiniteError } from '../../client/index.ts'
import { clusterCommand } from '../../config/command.ts'
import { isLoopback } from '../../config/config.ts'
import { suggestion } from '../../config/nearest.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import { type Finding, worst } from '../../verify/finding.ts'
import { drive } from '../../workloads/drive.ts'
import { HistoryWriter } from '../../workloads/history-writer.ts'
import { type Report, reportOf, saveReport, stretchLine, summaryLines } from '../../workloads/report.ts'
import { type WorkloadKind, workloads } from '../../workloads/workloads.ts'
import { within } from '../arguments.ts'
import { dataFolder, findCluster, getJson, type WhereOptions, whereOptions } from '../find-cluster.ts'
import { endProgress, print, printJson, progress } from '../output.ts'
import { userFolder } from '../paths.ts'
import { whenStuck } from '../stuck.ts'
import type { Verb } from '../verb.ts'

interface Options extends WhereOptions {
  readonly users: number
  readonly seconds: number
  readonly rate?: number
  readonly keys?: number
  readonly orders?: number
  readonly create?: true
  readonly history?: string
  readonly json?: true
}

const most = { users: 10_000, seconds: 86_400, rate: 1_000_000, keys: 1_000_000, orders: 1_000_000 }
/** 128 + SIGINT. */
const endedByUser = 130
const ordersPerSecond = 5_000
const mostOrdersByDefault = 100_000

export const load: Verb = {
  name: 'load',
  chapter: 'Breaking and proving',
  summary: 'put users to work on the cluster and measure what they get',
  examples: [
    'load --users 200 --seconds 30',
    'load hot',
    'load shop --create --rate 500',
    'load register --keys 4 --history history.jsonl',
  ],
  define(command) {
    whereOptions(command)
      .argument(
        '[workload]',
        `one of:\n${Object.entries(workloads)
          .map(([name, { summary, replaces }]) => `  ${name.padEnd(9)} ${summary}${anew(replaces)}`)
          .join('\n')}\n`,
        'shop',
      )
      .option('--users <n>', 'concurrent users', within(1, most.users), 64)
      .option('--seconds <s>', 'how long', within(1, most.seconds), 10)
      .option(
        '--rate <r>',
        'steps a second, due whatever the cluster does (default: as fast as users go)',
        within(1, most.rate),
      )
      .option('--keys <k>', 'items, accounts, registers or lists', within(1, most.keys))
      .option('--orders <n>', 'shop: orders to begin with', within(1, most.orders))
      .option('--create', 'shop: create each order instead of preparing them')
      .option('--history <file>', 'register, append: record what users saw, as JSON lines')
      .option('--json', 'print JSON')
      .action((workload: string, options: Options) => act(workload, options))
  },
}

async function act(name: string, options: Options): Promise<void> {
  const kind = kindOf(name, options)
  const found = await findCluster(options)
  const { nodes, token } = found
  const stranger = nodes.find(({ url }) => !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, '')))
  if (stranger !== undefined) {
    throw new Failure(`load stays on this machine, and ${stranger.url} is elsewhere`, exitCode.usage)
  }
  const history =
    options.history === undefined ? undefined : new HistoryWriter(resolve(userFolder(), options.history))
  const { users, seconds, rate, json } = options
  const workload = kind.make({
    nodes,
    users,
    keys: options.keys ?? kind.keys,
    orders: options.orders ?? Math.min(mostOrdersByDefault, ordersPerSecond * seconds),
    create: options.create === true,
    history,
    admin: url => getJson(url, token),
  })
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  process.once('SIGINT', onSignal)
  try {
    const say = json === true ? () => undefined : progress
    say(`preparing ${name}${anew(kind.replaces)} …`)
    const prepared = new AbortController()
    const stuck = whenStuck(found, prepared.signal).then(() => stopped(stop.signal))
    await Promise.race([
      Promise.race([workload.prepare(), stuck]).catch(cannotPrepare),
      stopped(stop.signal),
    ]).finally(() => prepared.abort())
    const totals = await drive(
      workload,
      { users, seconds, rate },
      stretch => say(stretchLine(stretch, workload.unit)),
      stop.signal,
    )
    const findings = await workload.finish().catch(cannotSay)
    const pace = { users, seconds, rate }
    tell(
      reportOf({ workload: name, unit: workload.unit, nodes: nodes.length, pace }, totals, findings),
      options,
    )
  } finally {
    process.off('SIGINT', onSignal)
    workload.close()
    history?.close()
  }
}

function anew(what: string | undefined): string {
  return what === undefined ? '' : ` (${what} are made anew)`
}

/** Ctrl-C before anything was measured leaves nothing to tell. */
function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Failure('stopped before it began', endedByUser)))
  })
}

/** Anything but what the cluster answered, or that it did not, is a defect. */
export function cannotPrepare(error: unknown): never {
  const isCluster =
    error instanceof Failure || error instanceof DefiniteError || error instanceof IndefiniteError
  if (!isCluster) throw error
  throw new Failure(`preparing failed: ${error.message}; see: ${clusterCommand} status`)
}

/** The cluster went away: what was measured until then is told all the same. */
function cannotSay(error: unknown): readonly Finding[] {
  const detail = `nobody can be asked any more: ${error instanceof Error ? error.message : String(error)}`
  return [{ check: 'after it', verdict: 'unknown', detail }]
}

function kindOf(name: string, options: Options): WorkloadKind {
  const kind = workloads[name]
  if (kind === undefined) {
    throw new Failure(
      `unknown workload ${JSON.stringify(name)}; ${suggestion(name, Object.keys(workloads))}`,
      exitCode.usage,
    )
  }
  if (options.history !== undefined && !kind.history) {
    throw new Failure(`${name} records no history; register and append do`, exitCode.usage)
  }
  const idle = idleOption(name, options)
  if (idle !== undefined) throw new Failure(idle, exitCode.usage)
  return kind
}

/** Who gives an option means something by it: one that does nothing is refused. */
function idleOption(name: string, { orders, create, keys }: Options): string | undefined {
  const isShop = name === 'shop' || name === 'hot'
  if (!isShop && orders !== undefined) return `--orders does nothing with ${name}; shop and hot have orders`
  if (!isShop && create === true) return `--create does nothing with ${name}; shop and hot have orders`
  if (name === 'hot' && keys !== undefined) return '--keys does nothing with hot, which is about one item'
  if (create === true && orders !== undefined)
    return '--orders does nothing with --create, which prepares none'
  return undefined
}

function tell(report: Report, options: Options): void {
  // A data folder on this machine has a place for reports; a cluster that is known by its URL only has not.
  const file =
    options.url === undefined || options.data !== undefined
      ? saveReport(dataFolder(options), report)
      : undefined
  const verdict = report.findings.length === 0 ? 'ok' : worst(report.findings)
  if (options.json === true) {
    printJson({ ...report, report: file ?? null })
  } else {
    endProgress()
    for (const line of summaryLines(report)) print(line)
    for (const { check, verdict: one, detail } of report.findings)
      print(`${check.padEnd(9)} ${one}: ${detail}`)
    if (file !== undefined) print(`report    ${file}`)
    if (options.history !== undefined)
      print(`history   ${options.history}; check it: ${clusterCommand} verify --history ${options.history}`)
  }
  if (verdict === 'violated' || report.outcomes.ok === 0) process.exitCode = exitCode.failed
}
