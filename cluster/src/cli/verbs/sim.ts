/** `cluster sim`: runs simulated histories of the protocols. The suites live in the test package of this repository. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suggestion } from '../../config/nearest.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import { within } from '../arguments.ts'
import { userFolder } from '../paths.ts'
import type { Verb } from '../verb.ts'

const suites = fileURLToPath(new URL('../../../../test/simulation/run.ts', import.meta.url))
const models = fileURLToPath(new URL('../../../../test/simulation/search.ts', import.meta.url))

/** The models of the test package (simulation/search/models.ts), which is not there to be asked everywhere. */
export const searched: readonly string[] = ['paxos', 'commit', 'conflict']

const atLeast0 = within(0, Number.MAX_SAFE_INTEGER)

interface Options {
  readonly protocol?: string
  readonly seeds?: number
  readonly from?: number
  readonly jobs?: number
  readonly seed?: number
  readonly without?: string
  readonly clients?: number
  readonly trace?: string
  readonly search?: string
  readonly depth?: number
  readonly states?: number
}

export const sim: Verb = {
  name: 'sim',
  chapter: 'Breaking and proving',
  summary: 'run the protocols through thousands of simulated histories with faults',
  examples: [
    'sim --protocol paxos --seeds 1000 --jobs 2',
    'sim --protocol paxos --seed 8123 --trace trace.jsonl',
    'sim --protocol transactions --seed 77 --without clog,pause --clients 2',
    'sim --search paxos --depth 8',
  ],
  define(command) {
    command
      .option('--protocol <suite>', 'which suite (default: all)')
      .option('--seeds <n>', 'how many histories of each (default 100); 0: only the planted bugs', atLeast0)
      .option('--from <n>', 'the first of them (default 1, which the planted bugs follow)', atLeast0)
      .option(
        '--jobs <n>',
        'processes that run side by side (default: one for each processor)',
        within(1, 1_024),
      )
      .option('--seed <n>', 'only this one: replays a failure', atLeast0)
      .option('--without <kinds>', 'leave out kinds of faults, such as clog,pause')
      .option('--clients <n>', 'no more clients than these', atLeast0)
      .option('--trace <file>', 'write every event, message and commit as JSON lines, with --seed')
      .option('--search <model>', `instead, every state of a small model: ${searched.join(', ')}`)
      .option('--depth <n>', 'most steps, with --search', atLeast0)
      .option('--states <n>', 'most states, with --search', atLeast0)
      .action((options: Options) => act(options))
  },
}

async function act(options: Options): Promise<void> {
  refuse(options)
  const { protocol, search, ...others } = options
  const rest = { ...others, trace: traceFile(others.trace) }
  const runner = search === undefined ? suites : models
  if (!existsSync(runner)) throw new Failure('the simulation suites are not part of this installation')
  const named = Object.entries({ suite: protocol, model: search, ...rest }).filter(
    ([, value]) => value !== undefined,
  )
  const args = named.flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn(process.execPath, [runner, ...args], { stdio: 'inherit' })
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => resolve(code ?? exitCode.failed))
  })
}

/** Absolute; throws what the system says of a file that cannot be written, before anything is simulated. */
function traceFile(trace: string | undefined): string | undefined {
  if (trace === undefined) return undefined
  const file = resolve(userFolder(), trace)
  closeSync(openSync(file, 'a'))
  return file
}

const ofSearch = ['depth', 'states'] as const
const ofSuites = ['protocol', 'seeds', 'from', 'jobs', 'seed', 'without', 'clients', 'trace'] as const
/** There is one history, and nothing to run side by side. */
const ofBatch = ['seeds', 'from', 'jobs'] as const

/** Also of options that would do nothing. */
function refuse(options: Options): void {
  const { search, protocol, seed, trace } = options
  const given = (names: readonly (keyof Options)[]) => names.find(name => options[name] !== undefined)
  const wrong = (problem: string) => new Failure(problem, exitCode.usage)
  if (search !== undefined) {
    if (!searched.includes(search)) {
      throw wrong(`--search: there is no model ${JSON.stringify(search)}; ${suggestion(search, searched)}`)
    }
    const idle = given(ofSuites)
    if (idle !== undefined) throw wrong(`--${idle} does nothing with --search`)
    return
  }
  const lonely = given(ofSearch)
  if (lonely !== undefined) throw wrong(`--${lonely} needs --search`)
  if (trace !== undefined && seed === undefined) throw wrong('--trace needs --seed')
  if (seed === undefined) return
  if (protocol === undefined) throw wrong('--seed needs --protocol, for instance --protocol paxos')
  const idle = given(ofBatch)
  if (idle !== undefined) throw wrong(`--${idle} does nothing with --seed, which is one history`)
}
