/** The whole siege, in rounds, so that the memory of one can be compared with that of the next. */

import { closeCodes } from '../../../runtime/src/mesh/close-codes.ts'
import { until } from '../../processes/cluster.fixture.ts'
import type { Vitals } from '../vitals.ts'
import { Siege } from './siege.ts'
import { damagedWebSocket, damagedWords, idle, wrongHellos } from './strangers.ts'

export interface SiegeOptions {
  readonly frames: number
  readonly seed: number
  readonly idle: number
  /** More of them show better whether memory is level; the first one is for warming up. */
  readonly rounds: number
}

/** Above what the first round left: less is the collector's business. */
const growthMiB = 96

/** Returns what failed. */
export async function besiege(options: SiegeOptions, say: (line: string) => void): Promise<string[]> {
  const failures: string[] = []
  const siege = await Siege.begin(options.seed)
  try {
    const before = siege.vitals()
    failures.push(...(await strangers(siege, options, say)))
    failures.push(...(await rounds(siege, options, say)))
    await until('descriptors are given back', () =>
      siege.vitals().every(({ descriptors }, at) => descriptors <= (before[at]?.descriptors ?? 0) + 5),
    )
    await siege.stands()
  } catch (error) {
    failures.push(String(error), ...siege.defects())
  } finally {
    await siege.end()
  }
  return failures
}

async function rounds(
  siege: Siege,
  { frames, rounds: count }: SiegeOptions,
  say: (line: string) => void,
): Promise<string[]> {
  const failures: string[] = []
  let level: readonly Vitals[] = []
  for (let round = 0; round < count; round++) {
    for (const at of ['mesh', 'client'] as const) {
      const tally = await siege[at](Math.ceil(frames / count / 2), String(round))
      if (round === 0) for (const line of [`--- ${at}, the first round`, ...tally.lines()]) say(line)
      if (tally.strange.length > 0)
        failures.push(`${at}: ${tally.strange.length} ends without a documented code: ${tally.strange[0]}`)
      if (tally.survived === 0 || tally.closedBy.size === 0)
        failures.push(`${at}: the damage was of one kind only`)
    }
    const now = siege.vitals()
    say(`round ${round + 1} of ${count}: ${text(now)}`)
    if (round === 0) level = now
  }
  for (const [at, { residentMiB }] of siege.vitals().entries()) {
    const first = level[at]?.residentMiB ?? 0
    if (residentMiB > first + growthMiB) failures.push(`memory grew from ${first} to ${residentMiB} MiB`)
  }
  return failures
}

async function strangers(
  siege: Siege,
  options: SiegeOptions,
  say: (line: string) => void,
): Promise<string[]> {
  const failures: string[] = []
  const [node] = siege.nodes
  if (node === undefined) return ['no node to speak to']
  for (const [name, code] of Object.entries(await wrongHellos(node.url, node.id, siege.member))) {
    if (code !== closeCodes[name as keyof typeof closeCodes]) failures.push(`${name} was closed with ${code}`)
  }
  const count = Math.min(500, Math.ceil(options.frames / 20))
  const words = await damagedWords(node.url, node.id, siege.member, count, siege.random.fork('words'))
  say(
    `${count} damaged handshakes: ${[...words.closed].map(([name, times]) => `${times} ${name}`).join(', ')}`,
  )
  failures.push(...words.strange)
  for (const path of ['/mesh', '/client']) {
    const { closed, strange } = await damagedWebSocket(node.url, path, count, siege.random.fork(path))
    say(`${count} times damaged WebSocket on ${path}: ${closed} closed with a code`)
    failures.push(...strange.slice(0, 5))
  }
  failures.push(...(await silence(siege, options, say)))
  return failures
}

async function silence(
  siege: Siege,
  { idle: count }: SiegeOptions,
  say: (line: string) => void,
): Promise<string[]> {
  const [node] = siege.nodes
  if (node === undefined) return ['no node to speak to']
  const clients = await idle(node.url, '/client', count)
  const mesh = await idle(node.url, '/mesh', count)
  say(`${count} silent on /client, ${count} on /mesh: ${text(siege.vitals())}`)
  // The door stays open for who speaks.
  await siege.stands()
  await siege.mesh(40, 'beside the silent')
  const ends = await mesh.end()
  clients.destroy()
  const wrong = ends.find(({ code }) => code !== closeCodes.tooSlow)
  return wrong === undefined
    ? []
    : [`a silent connection was closed with ${wrong.code ?? 'no code'}, not tooSlow`]
}

function text(all: readonly Vitals[]): string {
  return all
    .map(({ residentMiB, descriptors }) => `${residentMiB} MiB and ${descriptors} descriptors`)
    .join('; ')
}
