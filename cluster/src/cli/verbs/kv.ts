/** `cluster kv`: reads and writes keys. */
import type { Command } from 'commander'
import { clusterCommand } from '../../config/command.ts'
import { unfitText } from '../../gateway/plain-json.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import { wholeNumber } from '../arguments.ts'
import { callAny } from '../call-node.ts'
import { findCluster, type WhereOptions, whereOptions } from '../find-cluster.ts'
import { print, printJson, table } from '../output.ts'
import type { Verb } from '../verb.ts'

interface Options extends WhereOptions {
  readonly keyspace: string
  readonly json?: true
}

export const kv: Verb = {
  name: 'kv',
  chapter: 'Using',
  summary: 'get, put, delete, compare and swap, or scan keys',
  examples: [
    'kv put greeting \'"hello"\'',
    'kv get greeting',
    'kv cas greeting \'"hello"\' \'"bye"\'',
    'kv scan --prefix g',
    'kv delete greeting',
    'kv get 0/count --keyspace stock',
  ],
  define(command) {
    add(command, 'get <key>', 'value and version', get)
    add(command, 'put <key> <json>', 'write a JSON value; what is not JSON is taken as text', put)
    add(command, 'delete <key>', 'remove it', remove)
    add(
      command,
      'cas <key> <expected> <json>',
      'write only over the expected value; null: only when there is none',
      cas,
    )
    add(command, 'scan', 'keys in order', scan)
      .option('--prefix <text>', 'only keys that start so', '')
      .option('--after <key>', 'go on after this key')
      .option('--limit <n>', 'at most so many', wholeNumber, 100)
  },
}

type Action<Own extends Options> = (args: readonly string[], options: Own) => Promise<void>

function add<Own extends Options>(
  command: Command,
  usage: string,
  summary: string,
  action: Action<Own>,
): Command {
  const own = command.command(usage).description(summary).helpOption('-h, --help', 'this help')
  whereOptions(own).option('--keyspace <name>', 'keyspace', 'kv').option('--json', 'print JSON')
  return own.action(() => action(own.processedArgs as string[], own.opts<Own>()))
}

/** As nodes take them (gateway/operations.ts). */
const mostKeyCharacters = 512

function pathOf({ keyspace }: Options, key = ''): string {
  if (key.length < 1 || key.length > mostKeyCharacters) {
    throw new Failure(`a key has 1 to ${mostKeyCharacters} characters`, exitCode.usage)
  }
  return `/kv/${encodeURIComponent(keyspace)}/${encodeURIComponent(key)}`
}

interface Versioned {
  readonly value: unknown
  readonly version: number
}

async function get([key]: readonly string[], options: Options): Promise<void> {
  const path = pathOf(options, key)
  const { body } = await callAny(await findCluster(options), path)
  const { value, version } = body as Versioned
  if (options.json === true) printJson(body)
  else print(`${JSON.stringify(value)}  (version ${version})`)
}

async function put([key, text = '']: readonly string[], options: Options): Promise<void> {
  const value = jsonOf(text)
  if (value === null)
    throw new Failure(
      `a key cannot hold null; to remove it: ${clusterCommand} kv delete ${key}`,
      exitCode.usage,
    )
  const path = pathOf(options, key)
  const { body } = await callAny(await findCluster(options), path, {
    method: 'PUT',
    body: value,
  })
  if (options.json === true) printJson(body)
  else print(`written, version ${(body as Versioned).version}`)
}

async function remove([key]: readonly string[], options: Options): Promise<void> {
  const path = pathOf(options, key)
  const { body } = await callAny(await findCluster(options), path, { method: 'DELETE' })
  if (options.json === true) printJson(body)
  else print('deleted')
}

async function cas([key, expected = '', text = '']: readonly string[], options: Options): Promise<void> {
  const body = { expect: jsonOf(expected), value: jsonOf(text) }
  const path = pathOf(options, key)
  const found = await findCluster(options)
  const { body: answer } = await callAny(found, `${path}/cas`, { method: 'POST', body })
  const { swapped } = answer as { swapped: boolean }
  if (options.json === true) printJson(answer)
  else if (swapped) print('swapped')
  else {
    const { status } = await callAny(found, path, {}, [404])
    print(`not swapped: ${status === 404 ? 'it does not exist' : 'it holds something else'}`)
  }
  if (!swapped) process.exitCode = exitCode.failed
}

interface ScanOptions extends Options {
  readonly prefix: string
  readonly after?: string
  readonly limit: number
}

async function scan(_args: readonly string[], options: ScanOptions): Promise<void> {
  const query = new URLSearchParams({ prefix: options.prefix, limit: String(options.limit) })
  if (options.after !== undefined) query.set('after', options.after)
  const { body } = await callAny(
    await findCluster(options),
    `/kv/${encodeURIComponent(options.keyspace)}?${query}`,
  )
  const { entries, more } = body as { entries: readonly (Versioned & { key: string })[]; more: boolean }
  if (options.json === true) {
    printJson(body)
    return
  }
  if (entries.length === 0) {
    print('no keys')
    return
  }
  print(
    table(entries, [
      { title: 'key', value: entry => entry.key },
      { title: 'version', right: true, value: entry => entry.version },
      { title: 'value', value: entry => JSON.stringify(entry.value) },
    ]),
  )
  const last = entries.at(-1)
  if (more && last !== undefined) print(`there are more: --after ${last.key}`)
}

/** JSON, or text as it is, for shells eat quotes; what begins like JSON and is not is a slip. */
export function jsonOf(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    if (/^\s*[^\s[{"]/.test(text)) return text
    const shown = text.trim() === '' ? 'an empty word' : text
    throw new Failure(`${shown} is not JSON; quote it for the shell: '{"a":1}', or '"text"'`, exitCode.usage)
  }
  const why = unfitText(text, value)
  if (why !== undefined) throw new Failure(`${brief(text)} ${why}`, exitCode.usage)
  return value
}

function brief(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`
}
