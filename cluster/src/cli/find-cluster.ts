/** Finds the cluster that a verb speaks of: by `--url` of any node or of the base port, or by its data folder. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { clusterCommand } from '../config/command.ts'
import { readRunning } from '../launcher/data-folder.ts'
import { isAlive } from '../launcher/process-id.ts'
import { exitCode, Failure } from '../node/failure.ts'
import { dataHelp, userFolder, usualData } from './paths.ts'

export interface WhereOptions {
  readonly url?: string
  readonly data?: string
  readonly token?: string
}
export interface NodeAt {
  readonly id: string
  readonly url: string
}
export interface FoundCluster {
  readonly nodes: readonly NodeAt[]
  /** Of the launcher, when there is one. */
  readonly launcher: string | undefined
  readonly token: string | undefined
}

export function whereOptions(command: Command): Command {
  return command
    .option('--data <folder>', dataHelp)
    .option('--url <url>', 'any node, or the base port, instead of a data folder')
    .option('--token <token>', 'admin token, when asking from another machine (or SYNOD_TOKEN)')
}

export function dataFolder(options: WhereOptions): string {
  return options.data === undefined ? usualData(userFolder()) : resolve(userFolder(), options.data)
}

/** Throws `Failure` when no cluster is there. */
export async function findCluster(options: WhereOptions): Promise<FoundCluster> {
  const token = options.token ?? process.env.SYNOD_TOKEN
  if (options.url !== undefined) return findByUrl(options.url.replace(/\/+$/, ''), token)
  const data = dataFolder(options)
  const given = options.data === undefined ? '' : ` --data ${options.data}`
  const running = readRunning(data)
  if (running === undefined) {
    throw new Failure(`no cluster runs on ${data}; start one with: ${clusterCommand} start${given}`)
  }
  if (!isAlive(running.launcher) && !running.nodes.some(node => isAlive(node.process))) {
    throw new Failure(
      `the cluster on ${data} has ended without being stopped; start it again with: ${clusterCommand} start --data ${data}`,
    )
  }
  return { nodes: running.nodes, launcher: running.dashboard, token: token ?? running.adminToken }
}

async function findByUrl(url: string, token: string | undefined): Promise<FoundCluster> {
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    const right = /^[^/]+:\d+$/.test(url) ? `write http://${url}` : 'try http://127.0.0.1:8000'
    throw new Failure(`${url} is not a URL; ${right}`, exitCode.usage)
  }
  const cluster = await tryGet(`${url}/api/cluster`, token)
  if (cluster !== undefined) return { nodes: nodesOf(cluster), launcher: url, token }
  const status = await tryGet(`${url}/admin/status`, token)
  if (status !== undefined) return { nodes: nodesOf(status), launcher: undefined, token }
  throw new Failure(`${url} is neither a node nor the base port of a cluster`)
}

function nodesOf(answer: unknown): NodeAt[] {
  const nodes = (answer as { nodes?: readonly NodeAt[] }).nodes ?? []
  return nodes.map(({ id, url }) => ({ id, url }))
}

/** Whoever does not say what it is within this time is paused, or something else. */
const firstAnswerMs = 5_000

/** Undefined when the path is not served there. */
async function tryGet(url: string, token: string | undefined): Promise<unknown> {
  const response = await request(url, { token, timeoutMs: firstAnswerMs })
  if (response.status === 404 || response.status === 405) return undefined
  return answerOf(response, url)
}

export interface Call {
  readonly method?: string
  readonly body?: unknown
  readonly token: string | undefined
  readonly timeoutMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Throws `Failure` when nobody answers. */
export async function request(url: string, call: Call): Promise<Response> {
  const { timeoutMs = 15_000 } = call
  const headers = new Headers(call.headers)
  if (call.token !== undefined) headers.set('Authorization', `Bearer ${call.token}`)
  if (call.body !== undefined) headers.set('Content-Type', 'application/json')
  try {
    return await fetch(url, {
      method: call.method ?? 'GET',
      headers,
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    throw new Failure(
      `${url} does not answer${isLate ? ` within ${timeoutMs / 1000} s` : `: ${reason(error)}`}`,
    )
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}

/** What becomes of a request that is answered so. */
const remedies: Readonly<Record<string, string>> = {
  'urn:synod:problem:unavailable': '; nothing happened; try again',
  'urn:synod:problem:overloaded': '; nothing happened; try again later',
}

/** The JSON of a good answer; throws `Failure` with what a bad one says. */
export async function answerOf(response: Response, url: string): Promise<unknown> {
  const text = await response.text()
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : text
  if (response.ok) return body
  const { detail, type } = (isJson ? body : {}) as { readonly detail?: unknown; readonly type?: unknown }
  // What the edge calls badly formed was typed that way.
  const code = type === 'urn:synod:problem:bad-request' ? exitCode.usage : exitCode.failed
  if (typeof detail !== 'string') throw new Failure(`${url} answered ${response.status}`, code)
  throw new Failure(`${detail}${typeof type === 'string' ? (remedies[type] ?? '') : ''}`, code)
}

export async function getJson(url: string, token: string | undefined, timeoutMs?: number): Promise<unknown> {
  return answerOf(await request(url, { token, ...(timeoutMs === undefined ? {} : { timeoutMs }) }), url)
}
