/** `cluster fault`: breaks a cluster that was started with `--faults`, on purpose. */
import type { Command } from 'commander'
import { messageTypeNames, unfitType } from '../../gateway/message-type.ts'
import type { FaultOrderInput } from '../../launcher/fault-requests.ts'
import type { ActiveFault } from '../../launcher/faults.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import { fraction, wholeNumber, within } from '../arguments.ts'
import { nodeNamed } from '../ask-nodes.ts'
import { answerOf, findCluster, request, type WhereOptions, whereOptions } from '../find-cluster.ts'
import { print, printJson } from '../output.ts'
import type { Verb } from '../verb.ts'

type Options = WhereOptions & { readonly json?: true }
interface MessageOptions extends Options {
  readonly from?: string
  readonly to?: string
  readonly type?: string
  readonly probability?: number
  readonly seconds?: number
  readonly jitter?: number
  readonly seed?: number
}

export const fault: Verb = {
  name: 'fault',
  chapter: 'Breaking and proving',
  summary: 'kill, pause, cut off and delay nodes; undo it',
  examples: [
    'fault kill n2',
    'fault restart n2',
    "fault partition 'n1,n2|n3'",
    'fault heal',
    'fault delay 50 --jitter 20 --to n3',
    'fault drop --type accept --probability 0.2 --seconds 10',
    'fault list',
    'fault reset',
  ],
  define(command) {
    for (const [kind, summary] of processFaults) {
      add(command, `${kind} <node>`, summary, ([node = '']) => ({ kind, node }))
    }
    add<Options & { oneWay?: true; seconds?: number }>(
      command,
      'partition <sides>',
      "nodes of different sides do not hear each other: 'n1,n2|n3'",
      ([sides = ''], { oneWay, seconds }) => ({
        kind: 'partition',
        sides: sidesOf(sides),
        ...(oneWay === true ? { oneWay } : {}),
        ...lasting(seconds),
      }),
    )
      .option('--one-way', 'only from the first side to the others')
      .option('--seconds <n>', 'heal by itself after so long', within(1, mostSeconds))
    add(command, 'heal', 'end all partitions', () => ({ kind: 'heal' }))
    addMessageFaults(command)
    addOther(command, 'list', 'what is broken now', 'GET')
    addOther(
      command,
      'reset',
      'undo all: rules go, paused nodes go on, killed ones start',
      'DELETE',
      'all undone',
    )
  },
}

/** As the launcher takes them (fault-requests.ts). */
const mostMs = 600_000
const mostSeconds = 86_400

const processFaults = [
  ['kill', 'kill -9; stays down until restart'],
  ['pause', 'stop the process (SIGSTOP); others suspect it, it suspects nothing'],
  ['resume', 'let a paused process go on'],
  ['restart', 'stop and start it, or start what was killed'],
] as const

function addMessageFaults(command: Command): void {
  const drop = add<MessageOptions>(command, 'drop', 'lose messages', (_args, options) => ({
    kind: 'drop',
    ...messageOf(options),
  }))
  const delay = add<MessageOptions>(command, 'delay', 'messages arrive later', ([ms], options) => ({
    kind: 'delay',
    delayMs: Number(ms),
    ...(options.jitter === undefined ? {} : { jitterMs: options.jitter }),
    ...messageOf(options),
  }))
    .argument('<ms>', 'how much later', within(0, mostMs))
    .option('--jitter <ms>', 'up to so much later still', within(0, mostMs))
  const duplicate = add<MessageOptions>(command, 'duplicate', 'messages arrive twice', (_args, options) => ({
    kind: 'duplicate',
    ...messageOf(options),
  }))
  const reorder = add<MessageOptions>(
    command,
    'reorder',
    'messages overtake each other',
    (_args, options) => ({
      kind: 'reorder',
      ...messageOf(options),
    }),
  )
  for (const one of [drop, delay, duplicate, reorder]) {
    one
      .option('--from <node>', 'only from this node')
      .option('--to <node>', 'only to this node')
      .option('--type <type>', `only messages of this type: ${messageTypeNames.join(', ')}`)
      .option('--probability <p>', 'of each message, 0 to 1 (default 1)', fraction)
      .option('--seconds <n>', 'end by itself after so long', within(1, mostSeconds))
      .option('--seed <n>', 'of the draws', wholeNumber)
  }
}

function add<Own extends Options>(
  command: Command,
  usage: string,
  summary: string,
  order: (args: readonly string[], options: Own) => FaultOrderInput,
): Command {
  const own = command.command(usage).description(summary).helpOption('-h, --help', 'this help')
  whereOptions(own).option('--json', 'print JSON')
  return own.action(async () => {
    const options = own.opts<Own>()
    const ordered = order(own.processedArgs as string[], options)
    show(await call(options, 'POST', ordered), options, doneBy(ordered))
  })
}

function addOther(command: Command, name: string, summary: string, method: string, done?: string): void {
  const own = command.command(name).description(summary).helpOption('-h, --help', 'this help')
  whereOptions(own).option('--json', 'print JSON')
  own.action(async (options: Options) => show(await call(options, method), options, done))
}

async function call(
  options: Options,
  method: string,
  body?: FaultOrderInput,
): Promise<readonly ActiveFault[]> {
  const found = await findCluster(options)
  const { launcher, token } = found
  if (launcher === undefined) {
    throw new Failure(
      "faults are the launcher's: give its data folder, or --url with the base port",
      exitCode.usage,
    )
  }
  for (const node of body === undefined ? [] : nodesIn(body)) nodeNamed(found, node)
  const url = `${launcher}/api/faults`
  return (await answerOf(await request(url, { method, body, token }), url)) as readonly ActiveFault[]
}

/** A name typed wrong is told before anything else: whether faults are allowed, what state a node is in. */
function nodesIn(order: FaultOrderInput): readonly string[] {
  switch (order.kind) {
    case 'kill':
    case 'pause':
    case 'resume':
    case 'restart':
      return [order.node]
    case 'partition':
      return order.sides.flat()
    case 'heal':
      return []
    default:
      return [order.from, order.to].filter(node => node !== undefined)
  }
}

/** What the list of faults does not show. */
function doneBy(order: FaultOrderInput): string | undefined {
  switch (order.kind) {
    case 'kill':
      return `${order.node} killed`
    case 'pause':
      return `${order.node} paused`
    case 'resume':
      return `${order.node} goes on`
    case 'restart':
      return `${order.node} restarted`
    case 'heal':
      return 'all partitions ended'
    default:
      return undefined
  }
}

function show(faults: readonly ActiveFault[], { json }: Options, done?: string): void {
  if (json === true) {
    printJson(faults)
    return
  }
  if (done !== undefined) print(done)
  if (faults.length === 0) print(done === undefined ? 'nothing is broken' : 'nothing is broken now')
  else print(faults.map(one => `${one.id.padEnd(14)} ${one.text}`).join('\n'))
}

export function sidesOf(text: string): string[][] {
  const sides = text.split('|').map(side => side.split(',').map(node => node.trim()))
  const named = sides.flat()
  if (sides.length < 2 || named.includes('')) {
    throw new Failure(`${text} is not a partition; write it as 'n1,n2|n3'`, exitCode.usage)
  }
  const twice = named.find((node, at) => named.indexOf(node) < at)
  if (twice !== undefined) {
    throw new Failure(`${text} names ${twice} twice: a node can be on one side only`, exitCode.usage)
  }
  return sides
}

function lasting(seconds: number | undefined): { durationMs?: number } {
  return seconds === undefined ? {} : { durationMs: seconds * 1000 }
}

function messageOf({ from, to, type, probability, seconds, seed }: MessageOptions) {
  const problem = type === undefined ? undefined : unfitType(type)
  if (problem !== undefined) throw new Failure(`--type: ${problem}`, exitCode.usage)
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(type === undefined ? {} : { messageType: type }),
    ...(probability === undefined ? {} : { probability }),
    ...(seed === undefined ? {} : { seed }),
    ...lasting(seconds),
  }
}
