/** The life of one node process: configuration, port, node, readiness, and the ways it ends. */
import { isLoopback, loadNodeConfig, type NodeConfig } from '../config/config.ts'
import { ConfigError } from '../config/parse.ts'
import { adminToken } from './access.ts'
import { exitCode, Failure, listen, systemProblem, writableFolder } from './failure.ts'
import { type HostedNode, startHost } from './host.ts'
import { type Log, openLog } from './log.ts'
import { parent } from './parent.ts'
import { createNodeServer, type NodeServer } from './server.ts'

/** How long a stop may take before the process ends anyway. */
const stopWithinMs = 4000
/** How long it waits for the answers to what was taken before. */
const drainWithinMs = 2000

/** How long a start waits for leaders of all groups before it counts as ready without them. */
const ledWithinMs = 3000

/** Runs until the process ends; never throws. */
export async function runNode(file: string, base: string): Promise<void> {
  try {
    await start(loadNodeConfig(file, base))
  } catch (error) {
    const known = error instanceof Failure || error instanceof ConfigError
    const message = known
      ? error.message
      : (systemProblem(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error)))
    process.stderr.write(`${message}\n`)
    if (known) parent.tell({ type: 'refused', message })
    const code = error instanceof Failure ? error.exitCode : known ? exitCode.usage : exitCode.failed
    leave(code)
  }
}

async function start(config: NodeConfig): Promise<void> {
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
  await listen(door.server, config.listen.host, config.listen.port)
  log('info', 'listening', { host: config.listen.host, port: config.listen.port, pid: process.pid })
  parent.tell({ type: 'listening' })
  hosted = await startHost(config, door, log, error => {
    log('fatal', 'the store failed; memory is ahead of the disk, so this process ends', { err: error })
    leave(exitCode.fatal)
  })
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

function leave(code: number): void {
  process.exit(code)
}
