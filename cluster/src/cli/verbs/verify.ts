/** `cluster verify`: proves that nothing was lost, from the data and from histories. */
import { resolve } from 'node:path'
import { codeOf, exitCode, Failure } from '../../node/failure.ts'
import { BadHistory } from '../../verify/checkers/history.ts'
import { type Finding, type Verdict, worst } from '../../verify/finding.ts'
import { verifyHistory } from '../../verify/history-file.ts'
import { verifyCluster } from '../../verify/verify.ts'
import { within } from '../arguments.ts'
import { findCluster, getJson, type WhereOptions, whereOptions } from '../find-cluster.ts'
import { colour, duration, errorColour, print, printJson } from '../output.ts'
import { userFolder } from '../paths.ts'
import type { Verb } from '../verb.ts'

interface Options extends WhereOptions {
  readonly history?: string
  readonly wait: number
  readonly rows: boolean
  readonly json?: true
}

const mostWaitS = 86_400

export const verify: Verb = {
  name: 'verify',
  chapter: 'Breaking and proving',
  summary: 'prove that nothing was lost, doubled or left behind',
  examples: ['verify', 'verify --history history.jsonl', 'verify --wait 60 --json'],
  define(command) {
    whereOptions(command)
      .option('--history <file>', 'check what clients saw (load --history) instead of the data')
      .option(
        '--wait <seconds>',
        'how long to wait for the cluster to come to rest',
        within(0, mostWaitS),
        20,
      )
      .option('--no-rows', 'do not read every row of the shop as a client')
      .option('--json', 'print JSON')
      .action((options: Options) => act(options))
  },
}

async function act(options: Options): Promise<void> {
  const { findings, tookMs } =
    options.history === undefined ? await data(options) : ofHistory(resolve(userFolder(), options.history))
  const verdict = worst(findings)
  if (options.json === true) printJson({ verdict, findings, tookMs: Math.round(tookMs) })
  else print(report(findings, verdict, tookMs))
  if (verdict !== 'ok') process.exitCode = exitCode.failed
}

async function data(options: Options) {
  const { nodes, token } = await findCluster(options)
  return verifyCluster(
    { nodes, get: url => getJson(url, token) },
    {
      patienceMs: options.wait * 1_000,
      rows: options.rows,
      onLook: text => {
        if (process.stderr.isTTY) process.stderr.write(`${errorColour.dim(`looking again: ${text}`)}\n`)
      },
    },
  )
}

function ofHistory(file: string) {
  const began = performance.now()
  try {
    return { findings: [verifyHistory(file)], tookMs: performance.now() - began }
  } catch (error) {
    if (error instanceof BadHistory) throw new Failure(`${file}: ${error.message}`, exitCode.usage)
    if (codeOf(error) === 'ENOENT') throw new Failure(`there is no file ${file}`, exitCode.usage)
    if (codeOf(error) === 'EISDIR') throw new Failure(`${file}: it is a folder`, exitCode.usage)
    throw error
  }
}

const said: Record<Verdict, string> = { ok: 'proved', violated: 'VIOLATED', unknown: 'unknown' }
const paint: Record<Verdict, (text: string) => string> = {
  ok: colour.green,
  violated: colour.red,
  unknown: colour.yellow,
}

function report(findings: readonly Finding[], verdict: Verdict, tookMs: number): string {
  const lines = findings.map(
    ({ check, verdict: one, detail }) => `${check.padEnd(16)} ${paint[one](said[one].padEnd(9))} ${detail}`,
  )
  const counterexample = findings.find(finding => finding.verdict === 'violated')?.evidence
  const shown = counterexample === undefined ? [] : ['', JSON.stringify(counterexample, null, 2)]
  return [...lines, ...shown, '', `${paint[verdict](said[verdict])} in ${duration(tookMs)}`].join('\n')
}
