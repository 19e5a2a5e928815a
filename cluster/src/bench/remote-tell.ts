/**
 * Messages between two processes over the mesh, beside raw `ws` in the same shape: an echo with a window, in frames of
 * one message, and in frames of 8 KB.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { stopChild } from './children.ts'
import type { BenchReport } from './figure.ts'
import type { BenchOptions } from './options.ts'
import { freePorts, newFolder, removeFolder } from './places.ts'

const messageBytes = 200
const frameBytes = 8 * 1024
const window = 2_000

export interface PairArgument {
  readonly self: string
  readonly folder: string
  readonly members: readonly { readonly id: string; readonly host: string; readonly port: number }[]
}

export async function benchRemoteTell({ seconds, progress }: BenchOptions): Promise<BenchReport> {
  progress('remote-tell')
  const ours = { rate: await meshRate(seconds) }
  const echo = {
    name: `ws echo, ${messageBytes} B frames`,
    rate: await echoRate(messageBytes, window, seconds),
  }
  const frames = await echoRate(frameBytes, 64, seconds)
  const limit = {
    name: `ws echo, 8 KB frames of ${messageBytes} B`,
    rate: (frames * frameBytes) / messageBytes,
  }
  return {
    bench: 'remote-tell',
    title: `messages of ${messageBytes} B between two processes, each sent back, ${window} in flight`,
    figures: [
      { what: 'there and back', ours, peer: echo, floor: { rate: 100_000 } },
      { what: 'there and back', ours, peer: limit },
    ],
    notes: ['Counted are messages that came back.'],
  }
}

async function meshRate(seconds: number): Promise<number> {
  const folder = newFolder('pair')
  const first = await freePorts(2)
  const members = ['n1', 'n2'].map((id, at) => ({ id, host: '127.0.0.1', port: first + at }))
  const children = members.map(({ id }) => {
    const own = join(folder, id)
    mkdirSync(own)
    return script('remote-tell-node.ts', { self: id, folder: own, members } satisfies PairArgument)
  })
  try {
    await Promise.all(children.map(child => answer(child)))
    const [left] = children
    if (left === undefined) throw new Error('a pair has two members')
    await ask(left, { type: 'serve', window, bytes: messageBytes })
    return await rateOf(() => ask(left, { type: 'count' }), seconds)
  } finally {
    await Promise.all(children.map(child => stopChild(child)))
    removeFolder(folder)
  }
}

async function echoRate(bytes: number, inFlight: number, seconds: number): Promise<number> {
  const child = script('peers/ws-echo.ts', {})
  try {
    const socket = new WebSocket(`ws://127.0.0.1:${await answer(child)}`, { perMessageDeflate: false })
    await once(socket, 'open')
    const message = Buffer.alloc(bytes, 'x')
    let count = 0
    socket.on('message', () => {
      count++
      socket.send(message)
    })
    for (let at = 0; at < inFlight; at++) socket.send(message)
    const rate = await rateOf(async () => count, seconds)
    socket.terminate()
    return rate
  } finally {
    await stopChild(child)
  }
}

/** What was counted each second, after a second of warm-up. */
async function rateOf(count: () => Promise<number>, seconds: number): Promise<number> {
  await pause(1_000)
  const [before, from] = [await count(), performance.now()]
  await pause(seconds * 1_000)
  const [after, until] = [await count(), performance.now()]
  return ((after - before) * 1_000) / (until - from)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

function script(file: string, argument: unknown): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(argument)])
}

async function ask(child: ChildProcess, message: object): Promise<number> {
  child.send(message)
  return answer(child)
}

/** The next number that the child says; an error when it ends or stays silent. */
function answer(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      clearTimeout(deadline)
      child.off('message', said).off('exit', ended)
      outcome()
    }
    const said = (value: unknown) => settle(() => resolve(Number(value)))
    const ended = () => settle(() => reject(new Error(`${child.spawnargs[1]} ended before it answered`)))
    const deadline = setTimeout(
      () => settle(() => reject(new Error(`${child.spawnargs[1]} did not answer within 20 s`))),
      20_000,
    )
    child.once('message', said).once('exit', ended)
  })
}
