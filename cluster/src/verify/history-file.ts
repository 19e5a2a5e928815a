/** Checks a history that `load --history` recorded: of registers, or of lists. */
import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { parseListHistory, parseRegisterHistory } from './checkers/history.ts'
import { checkLinearizability } from './checkers/linearizability.ts'
import { checkSerializability } from './checkers/serializability.ts'
import type { Finding } from './finding.ts'

const chunkBytes = 1 << 20

/** Throws `BadHistory` for what is not a history. */
export function verifyHistory(file: string): Finding {
  return verifyLines(linesOf(file))
}

/** A history of a million operations is some 200 MB: its text is never in memory as a whole. */
function* linesOf(file: string): Generator<string> {
  const descriptor = openSync(file, 'r')
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const decoder = new StringDecoder('utf8')
    let rest = ''
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, read))).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    yield rest + decoder.end()
  } finally {
    closeSync(descriptor)
  }
}

export function verifyLines(lines: Iterable<string>): Finding {
  const rest = lines[Symbol.iterator]()
  // Empty lines count: a problem names the number of its line.
  const before: string[] = []
  for (let next = rest.next(); next.done !== true; next = rest.next()) {
    before.push(next.value)
    if (next.value.trim() === '') continue
    const all = joined(before, rest)
    return /"txn"\s*:/.test(next.value) ? lists(all) : registers(all)
  }
  return { check: 'history', verdict: 'unknown', detail: 'the history is empty: it proves nothing' }
}

function* joined(before: readonly string[], rest: Iterator<string>): Generator<string> {
  yield* before
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value
}

function registers(lines: Iterable<string>): Finding {
  const check = 'linearizability'
  const history = parseRegisterHistory(lines)
  const outcomes = count(history)
  const result = checkLinearizability(history)
  switch (result.verdict) {
    case 'ok':
      return {
        check,
        verdict: 'ok',
        detail: `${result.operations} operations on ${result.keys} registers (${outcomes})`,
      }
    case 'unknown':
      return { check, verdict: 'unknown', detail: `register ${result.key}: ${result.reason}` }
    case 'violated': {
      const { key, impossible } = result
      const detail = `register ${key}: no order explains ${JSON.stringify(impossible)}`
      return { check, verdict: 'violated', detail, evidence: result }
    }
  }
}

function lists(lines: Iterable<string>): Finding {
  const check = 'serializability'
  const history = parseListHistory(lines)
  const result = checkSerializability(history)
  if (result.verdict === 'ok') {
    return { check, verdict: 'ok', detail: `${result.transactions} transactions (${count(history)})` }
  }
  const [first] = result.anomalies
  const detail = `${result.anomalies.length} anomalies; the first is ${first?.type}: ${first?.message}`
  return { check, verdict: 'violated', detail, evidence: result.anomalies }
}

function count(history: readonly { readonly outcome: string }[]): string {
  const by = Map.groupBy(history, ({ outcome }) => outcome)
  return [...by].map(([outcome, { length }]) => `${length} ${outcome}`).join(', ')
}
