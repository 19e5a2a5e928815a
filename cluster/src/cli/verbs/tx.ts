/** `cluster tx`: one transaction, all or nothing. */
import { readFileSync } from 'node:fs'
import type { Operation } from '@synod/actors'
import { unfitText } from '../../gateway/plain-json.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import { callAny } from '../call-node.ts'
import { findCluster, type WhereOptions, whereOptions } from '../find-cluster.ts'
import { print, printJson } from '../output.ts'
import type { Verb } from '../verb.ts'

export const tx: Verb = {
  name: 'tx',
  chapter: 'Using',
  summary: 'run operations as one transaction',
  examples: [
    `tx '[{"op":"add","keyspace":"kv","key":"a","amount":-5,"min":0,"initial":10},{"op":"add","keyspace":"kv","key":"b","amount":5,"initial":0}]'`,
    'tx --json - < operations.json',
  ],
  define(command) {
    command.argument(
      '<operations>',
      'JSON list of operations, or the body of POST /tx, or - to read it from standard input',
    )
    whereOptions(command).option('--json', 'print JSON')
    command.action(act)
  },
}

async function act(text: string, options: WhereOptions & { json?: true }): Promise<void> {
  const request = requestOf(text === '-' ? readFileSync(0, 'utf8') : text)
  const { operations } = request
  const { body } = await callAny(await findCluster(options), '/tx', { method: 'POST', body: request })
  if (options.json === true) {
    printJson(body)
    return
  }
  const { results = [] } = body as { results?: readonly unknown[] }
  print('committed')
  for (const [at, result] of results.entries())
    print(`  ${operations[at]?.op ?? ''} ${operations[at]?.key ?? ''}  ${JSON.stringify(result)}`)
}

interface TxRequest {
  readonly operations: readonly Operation[]
}

/** A list of operations, or what `POST /tx` takes. Throws `Failure`, with the place where JSON breaks. */
export function requestOf(text: string): TxRequest {
  const value = parse(text)
  if (Array.isArray(value)) return { operations: value as Operation[] }
  if (
    typeof value === 'object' &&
    value !== null &&
    'operations' in value &&
    Array.isArray(value.operations)
  ) {
    return value as TxRequest
  }
  throw new Failure(
    'operations must be a JSON list, for instance \'[{"op":"get","keyspace":"kv","key":"a"}]\'',
    exitCode.usage,
  )
}

function parse(text: string): unknown {
  const value = parsed(text)
  const why = unfitText(text, value)
  if (why !== undefined) throw new Failure(`the list of operations ${why}`, exitCode.usage)
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const at = /\bposition\b/.test(reason) ? '' : ` (of ${text.length} characters)`
    throw new Failure(`the operations are not JSON: ${reason}${at}`, exitCode.usage)
  }
}
