/** `cluster tx`: one transaction, all or nothing. */
import { readFileSync } from 'node:fs'
import type { Operation } from '@synod/actors'
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
    command.argument('<operations>', 'JSON list of operations, or - to read it from standard input')
    whereOptions(command).option('--json', 'print JSON')
    command.action(act)
  },
}

async function act(text: string, options: WhereOptions & { json?: true }): Promise<void> {
  const operations = parse(text === '-' ? readFileSync(0, 'utf8') : text)
  const { body } = await callAny(await findCluster(options), '/tx', { method: 'POST', body: { operations } })
  if (options.json === true) {
    printJson(body)
    return
  }
  const { results = [] } = body as { results?: readonly unknown[] }
  print('committed')
  for (const [at, result] of results.entries())
    print(`  ${operations[at]?.op ?? ''} ${operations[at]?.key ?? ''}  ${JSON.stringify(result)}`)
}

function parse(text: string): readonly Operation[] {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value)) return value as Operation[]
  } catch {
    // Said below.
  }
  throw new Failure(
    'operations must be a JSON list, for instance \'[{"op":"get","keyspace":"kv","key":"a"}]\'',
    exitCode.usage,
  )
}
