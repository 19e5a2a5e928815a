/** The life of one node process: configuration, port, node, readiness, and the ways it ends. */
import { DamagedRow } from '@synod/runtime/host'
import { isLoopback, loadNodeConfig, type NodeConfig } from '../config/config.ts'
import { ConfigError } from '../config/parse.ts'
import { adminToken } from './access.ts'
import { exitCode, Failure, systemProblem, writableFolder } from './failure.ts'
import { type HostedNode, type Parts, startHost } from './host.ts'
import { collectWhenIdle } from './idle-collection.ts'
import { type Log, openLog } from './log.ts'
import { parent } from './parent.ts'
import { createNodeServer, type NodeServer } from './server.ts'

/** How long a stop may take before the process ends anyway. */
const stopWithinMs = 4000
/** How long it waits for the answers to what was taken before. */
const drainWithinMs = 2000

/** How long a start waits for leaders of all groups before it counts as ready without them. */
const ledWithinMs = 3000

/** Runs until the process ends; never throws. `parts` is for tests. */
export async function runNode(file: string, base: string, parts: Parts = {}): Promise<void> {
  try {
    await start(loadNodeConfig(file, base), parts)
  } catch (error) {
    const known = error instanceof Failure || error instanceof ConfigError
    if (known) refuse(error.message, error instanceof Failure ? error.exitCode : exitCode.usage)
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`${systemProblem(error) ?? stack}\n`)
    leave(exitCode.failed)
  }
}

/** Ends for a reason that starting again would not mend. */
function refuse(message: string, code: number): never {
  process.stderr.write(`${message}\n`)
  parent.tell({ type: 'refused', message })
  leave(code)
}

async function start(config: NodeConfig, parts: Parts): Promise<void> {
  refuseOpenDoor(config)
  writableFolder(config.data)
  const log = openLog(config.logFile, { node: config.node })
  const door = createNodeServer(config.node, { access: config.token, admin: adminToken(config.secret) })
  let hosted: HostedNode | undefined
  const stop = stopOnce(log, door, () => hosted)
  process.on('SIGTERM', () => stop('SIGTERM', exitCode.fine))
  // Ctrl-C reaches the whole foreground group; under a launcher it is the launcher that decides.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => parent.present() || stop(signal, exitCode.fine))
  }
  parent.onLost(() => stop('the launcher is gone', exitCode.fine))
  process.on('uncaughtException', error => {
    log('fatal', 'uncaught', { err: error })
    leave(exitCode.fatal)
  })
  await door.listen(config.listen.host, config.listen.port)
  log('info', 'listening', { host: config.listen.host, port: config.listen.port, pid: process.pid })
  parent.tell({ type: 'listening' })
  const onFatal = (error: unknown) => {
    if (error instanceof DamagedRow) refuse(error.message, exitCode.failed)
    log('fatal', 'the store or an actor that the node needs failed, so this process ends', { err: error })
    leave(exitCode.fatal)
  }
  hosted = await startHost(config, door, log, onFatal, parts)
  collectWhenIdle()
  await hosted.whenReady
  await hosted.whenLed(ledWithinMs)
  log('info', 'ready', {})
  parent.tell({ type: 'ready' })
}

/** Other machines may not walk in unasked. */
function refuseOpenDoor({ listen: { host }, token }: NodeConfig): void {
  if (isLoopback(host) || token !== undefined) return
  throw new Failure(openDoor(host), exitCode.usage)
}

export function openDoor(host: string): string {
  return [
    `listening on ${host} lets other machines in, and no access token is set`,
    '  openssl rand -hex 32 > token',
    '  and in the configuration file: access: { tokenFile: token }',
    'or listen on 127.0.0.1',
  ].join('\n')
}

function stopOnce(log: Log, door: NodeServer, hosted: () => HostedNode | undefined) {
  let stopping = false
  return (why: string, code: number): void => {
    if (stopping) return
    stopping = true
    log('info', 'stopping', { why })
    setTimeout(() => leave(code), stopWithinMs).unref()
    door
      .drain(drainWithinMs)
      .then(() => hosted()?.stop())
      .catch((error: unknown) => log('error', 'while stopping', { err: error }))
      .finally(() => {
        log('info', 'stopped', {})
        leave(code)
      })
  }
}

function leave(code: number): never {
  process.exit(code)
}
