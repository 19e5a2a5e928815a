/** Checks a history that `load --history` recorded: of registers, or of lists. */
import { readFileSync } from 'node:fs'
import { parseListHistory, parseRegisterHistory } from './checkers/history.ts'
import { checkLinearizability } from './checkers/linearizability.ts'
import { checkSerializability } from './checkers/serializability.ts'
import type { Finding } from './finding.ts'

/** Throws `BadHistory` for what is not a history. */
export function verifyHistory(file: string): Finding {
  return verifyLines(readFileSync(file, 'utf8').split('\n'))
}

export function verifyLines(lines: readonly string[]): Finding {
  const first = lines.find(line => line.trim() !== '')
  if (first === undefined) {
    return { check: 'history', verdict: 'unknown', detail: 'the history is empty: it proves nothing' }
  }
  return /"txn"\s*:/.test(first) ? lists(lines) : registers(lines)
}

function registers(lines: readonly string[]): Finding {
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

function lists(lines: readonly string[]): Finding {
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
