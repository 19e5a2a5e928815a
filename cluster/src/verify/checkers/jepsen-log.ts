/** Reads the log lines of Jepsen's register tests, to compare this checker's answers with other checkers'. */
import { BadHistory, type RegisterOperation, type Value } from './history.ts'

const linePattern = /^INFO\s+jepsen\.util - (\d+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.*)$/

interface Invoked {
  readonly client: string
  readonly at: number
  readonly what: string
  readonly argument: string
}

/** One register. The line's number stands for the time. What never ended, or ended in `:info`, is unknown. */
export function parseJepsenLog(text: string): RegisterOperation[] {
  const operations: RegisterOperation[] = []
  const open = new Map<string, Invoked>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const match = linePattern.exec(line)
    if (!match) throw new BadHistory(i + 1, `not a line of a Jepsen register log: ${line}`)
    const [, client = '', kind, what = '', argument = ''] = match
    if (kind === 'invoke') {
      open.set(client, { client, at: i, what, argument })
      continue
    }
    const invoked = open.get(client)
    if (!invoked) throw new BadHistory(i + 1, `process ${client} ends what it did not begin`)
    open.delete(client)
    operations.push(
      operationOf(invoked, kind === 'info' ? undefined : { at: i, failed: kind === 'fail', argument }),
    )
  }
  for (const invoked of open.values()) operations.push(operationOf(invoked, undefined))
  return operations
}

function operationOf(
  { client, at, what, argument }: Invoked,
  end: { at: number; failed: boolean; argument: string } | undefined,
): RegisterOperation {
  const common = { client, key: 'register', call: at, return: end?.at }
  const outcome = end ? 'ok' : 'unknown'
  if (what === 'read') {
    if (end?.failed) return { ...common, op: 'get', outcome: 'fail' }
    return { ...common, op: 'get', outcome, output: end ? parseValue(end.argument) : undefined }
  }
  if (what === 'write') {
    return { ...common, op: 'put', outcome: end?.failed ? 'fail' : outcome, value: parseValue(argument) }
  }
  // A compare-and-set "fails" when the value was another one: that is an answer, which must be explained as well.
  const [from = 'nil', to = 'nil'] = argument.replace(/[[\]]/g, '').split(' ')
  const swapped = end ? !end.failed : undefined
  return { ...common, op: 'cas', outcome, from: parseValue(from), value: parseValue(to), swapped }
}

function parseValue(text: string): Value {
  return text === 'nil' ? null : Number(text)
}
