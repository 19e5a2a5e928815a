/** `cluster sim`: runs simulated histories of the protocols. The suites live in the test package of this repository. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suggestion } from '../../config/nearest.ts'
import { exitCode, Failure } from '../../node/failure.ts'
import type { Verb } from '../verb.ts'

const suites = fileURLToPath(new URL('../../../../test/simulation/run.ts', import.meta.url))
const models = fileURLToPath(new URL('../../../../test/simulation/search.ts', import.meta.url))

/** The models of the test package (simulation/search/models.ts), which is not there to be asked everywhere. */
export const searched: readonly string[] = ['paxos', 'commit', 'conflict']

interface Options {
  readonly protocol?: string
  readonly seeds?: string
  readonly from?: string
  readonly jobs?: string
  readonly seed?: string
  readonly without?: string
  readonly clients?: string
  readonly trace?: string
  readonly search?: string
  readonly depth?: string
  readonly states?: string
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
      .option('--seeds <n>', 'how many histories of each (default 100)')
      .option('--from <n>', 'the first of them (default 1, which the planted bugs follow)')
      .option('--jobs <n>', 'processes that run side by side (default: one for each processor)')
      .option('--seed <n>', 'only this one: replays a failure')
      .option('--without <kinds>', 'leave out kinds of faults, such as clog,pause')
      .option('--clients <n>', 'no more clients than these')
      .option('--trace <file>', 'write every event, message and commit as JSON lines, with --seed')
      .option('--search <model>', `instead, every state of a small model: ${searched.join(', ')}`)
      .option('--depth <n>', 'most steps, with --search')
      .option('--states <n>', 'most states, with --search')
      .action((options: Options) => act(options))
  },
}

async function act({ protocol, search, ...rest }: Options): Promise<void> {
  refuse(search, rest)
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

function refuse(search: string | undefined, { depth, states }: Options): void {
  if (search === undefined) {
    const option = depth !== undefined ? '--depth' : states !== undefined ? '--states' : undefined
    if (option !== undefined) throw new Failure(`${option} needs --search`, exitCode.usage)
  } else if (!searched.includes(search)) {
    throw new Failure(
      `--search: there is no model ${JSON.stringify(search)}; ${suggestion(search, searched)}`,
      exitCode.usage,
    )
  }
}
