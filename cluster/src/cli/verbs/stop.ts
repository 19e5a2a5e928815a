/** `cluster stop`: ends the launcher and all its nodes. */

import { forgetRunning, lockHolder, readRunning } from '../../launcher/data-folder.ts'
import { allGone, isAlive, type ProcessId, signal } from '../../launcher/process-id.ts'
import { Failure } from '../../node/failure.ts'
import { dataFolder } from '../find-cluster.ts'
import { print, printJson } from '../output.ts'
import { dataHelp } from '../paths.ts'
import type { Verb } from '../verb.ts'

interface Options {
  readonly data?: string
  readonly json?: true
}
const stopWithinMs = 10_000

export const stop: Verb = {
  name: 'stop',
  chapter: 'Running',
  summary: 'end a cluster that was started with --detach',
  examples: ['stop', 'stop --data /tmp/shop'],
  define(command) {
    command
      .option('--data <folder>', dataHelp)
      .option('--json', 'print one line of JSON')
      .action((options: Options) => act(options))
  },
}

async function act(options: Options): Promise<void> {
  const data = dataFolder(options)
  const running = readRunning(data)
  const launcher = lockHolder(data)
  if (running === undefined && launcher === undefined) throw new Failure(`no cluster runs on ${data}`)
  const ran = launcher !== undefined || running?.nodes.some(node => isAlive(node.process)) === true
  if (launcher !== undefined) await end([launcher], 'SIGTERM')
  // What a launcher that was killed left behind: paused nodes, which could not notice.
  const left = readRunning(data)?.nodes.map(node => node.process) ?? []
  for (const id of left) signal(id, 'SIGCONT')
  await end(left, 'SIGKILL')
  forgetRunning(data)
  if (options.json === true) printJson({ stopped: ran ? (running?.cluster ?? null) : null, data })
  else if (!ran) print(`nothing ran on ${data} any more: what was left of a start is cleared`)
  else print(`stopped ${running?.cluster ?? 'the cluster'} on ${data}`)
}

async function end(ids: readonly ProcessId[], how: NodeJS.Signals): Promise<void> {
  for (const id of ids) signal(id, how)
  if (await allGone(ids, stopWithinMs)) return
  for (const id of ids) signal(id, 'SIGKILL')
  if (!(await allGone(ids, stopWithinMs)))
    throw new Failure(`process ${ids.map(id => id.pid).join(', ')} does not end`)
}
