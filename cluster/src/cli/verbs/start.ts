/** `cluster start`: a local cluster, in the foreground or detached. */
import { fork } from 'node:child_process'
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { clusterCommand } from '../../config/command.ts'
import { type ClusterConfig, loadClusterConfig } from '../../config/config.ts'
import { launcherLog, type RunningCluster, readLayout, refuseStrangers } from '../../launcher/data-folder.ts'
import { noSpaceOn } from '../../launcher/disk.ts'
import { Launcher, type StartOptions } from '../../launcher/launcher.ts'
import type { FromDetached, ToDetached } from '../../launcher/main.ts'
import { runUntilSignal } from '../../launcher/signals.ts'
import { Failure, writableFolder } from '../../node/failure.ts'
import { wholeNumber } from '../arguments.ts'
import { outliveReader } from '../closed-pipe.ts'
import { colour, duration, print, printJson } from '../output.ts'
import { dataHelp, userFolder, usualData } from '../paths.ts'
import type { Verb } from '../verb.ts'

interface Options {
  readonly nodes?: number
  readonly port?: number
  readonly host?: string
  readonly data?: string
  readonly config?: string
  readonly faults?: true
  readonly restart: boolean
  readonly fresh?: true
  readonly detach?: true
  readonly json?: true
}

export const start: Verb = {
  name: 'start',
  chapter: 'Running',
  summary: 'start a cluster on this machine',
  examples: [
    'start',
    'start --nodes 5 --port 9000 --faults',
    'start --detach --json --data /tmp/shop',
    'start --config cluster.yaml --fresh',
  ],
  define(command: Command) {
    command
      .option('--nodes <n>', '1, 3 or 5 (default 3)', wholeNumber)
      .option('--port <port>', 'base port; node i listens on port + i (default 8000)', wholeNumber)
      .option('--host <address>', 'where to listen (default 127.0.0.1)')
      .option('--data <folder>', dataHelp)
      .option('--config <file>', 'configuration (YAML)')
      .option('--fresh', 'remove the data of earlier runs first')
      .option('--faults', 'allow faults to be caused on purpose')
      .option('--no-restart', 'leave a node down when it ends unexpectedly')
      .option('--detach', 'return when the cluster is ready, and leave it running')
      .option('--json', 'print one line of JSON when ready')
      .action((options: Options) => act(options))
  },
}

async function act(options: Options): Promise<void> {
  const begun = performance.now()
  const config = configOf(options)
  const { json } = options
  const how: StartOptions = { fresh: options.fresh === true }
  const report = (running: RunningCluster) => {
    if (json === true) printJson(summary(running))
    else print(welcome(running, performance.now() - begun, options.detach === true))
  }
  if (options.detach === true) {
    report(await detached(config, how))
    return
  }
  const launcher = await Launcher.start(config, how)
  outliveReader()
  report(launcher.running())
  runUntilSignal(launcher, () => json !== true && print('stopping …'))
  // Resolves never: a signal ends the process.
  await new Promise(() => undefined)
}

/** Without a configuration file, a start goes on with what the data was made with. */
function configOf(options: Options): ClusterConfig {
  const { nodes, port, host, data, faults, restart } = options
  // A configuration file has a data folder of its own, beside it unless it says another.
  const usual = options.config === undefined ? usualData(userFolder()) : undefined
  const flags = { nodes, port, host, data: data ?? usual, faults, restart: restart ? undefined : false }
  const config = loadClusterConfig(options.config, flags, userFolder())
  const layout = options.config === undefined && options.fresh !== true ? readLayout(config.data) : undefined
  if (layout === undefined) return config
  return { ...config, nodes: nodes ?? layout.nodes.length, keyspaces: layout.keyspaces }
}

function summary({ dashboard, nodes, data }: RunningCluster) {
  return { dashboard, nodes: nodes.map(({ id, url, process: { pid } }) => ({ id, url, pid })), data }
}

function welcome(running: RunningCluster, tookMs: number, isDetached: boolean): string {
  const first = running.nodes[0]?.url ?? running.dashboard
  const nodes = running.nodes.map(
    ({ id, url, process: { pid } }) => `  ${id.padEnd(9)} ${url}   process ${pid}`,
  )
  return [
    colour.bold(`Synod ${running.cluster} is ready`) + colour.dim(` after ${duration(tookMs)}`),
    `  status    ${running.dashboard}`,
    ...nodes,
    `  data      ${running.data}`,
    '',
    `Try   curl -X POST ${first}/payment/create_user`,
    isDetached ? `Stop  ${clusterCommand} stop --data ${running.data}` : 'Stop  Ctrl-C',
  ].join('\n')
}

const launcherMain = fileURLToPath(new URL('../../launcher/main.ts', import.meta.url))

/** Starts a launcher of its own that outlives this command, and waits until it is ready. */
function detached(config: ClusterConfig, options: StartOptions): Promise<RunningCluster> {
  refuseStrangers(config.data)
  writableFolder(config.data)
  const logFile = launcherLog(config.data)
  const log = openSync(logFile, 'a')
  const { size } = fstatSync(log)
  const child = fork(launcherMain, [config.data], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, NODE_COMPILE_CACHE: getCompileCacheDir() },
  })
  closeSync(log)
  const message: ToDetached = { config, options }
  child.send(message)
  return new Promise((resolve, reject) => {
    child.once('message', (answer: FromDetached) => {
      child.disconnect()
      child.unref()
      if (answer.type === 'ready') resolve(answer.running)
      else reject(new Failure(answer.message, answer.code))
    })
    child.once('exit', code => {
      const untold = statSync(logFile).size === size ? noSpaceOn(config.data) : undefined
      reject(untold ?? new Failure(`the launcher ended with exit code ${code}; see ${logFile}`))
    })
  })
}
