/** The command's arguments. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { faultKinds, weatherKinds } from '@synod/runtime/simulation'
import { memoryFaults } from '../amnesia.ts'
import type { Less, Suite } from '../suite.ts'
import { suiteNamed, suites } from '../suites.ts'
import { fixedSeeds } from './stages.ts'

export interface Wanted {
  readonly suites: readonly Suite[]
  readonly from: number
  readonly seeds: number
  /** Only this seed: show what it does. */
  readonly one: boolean
  readonly jobs: number
  readonly planted: string | undefined
  /** The planted bugs after the batch: those recorded seeds, or a search for new ones. */
  readonly plant: 'no' | 'replay' | 'search'
  readonly less: Less
  readonly trace: string | undefined
}

export class Usage extends Error {}

const options = {
  suite: { type: 'string', default: 'all' },
  seeds: { type: 'string', default: '100' },
  from: { type: 'string', default: '1' },
  jobs: { type: 'string', default: String(availableParallelism()) },
  seed: { type: 'string' },
  without: { type: 'string' },
  clients: { type: 'string' },
  planted: { type: 'string' },
  'no-planted': { type: 'boolean', default: false },
  'search-planted': { type: 'boolean', default: false },
  trace: { type: 'string' },
} as const

export function wanted(): Wanted {
  const { values } = parseArgs({ options })
  const chosen = values.suite === 'all' ? suites : [named(values.suite)]
  const one = values.seed !== undefined
  if (values.trace !== undefined && !one) throw new Usage('--trace FILE needs --seed N')
  if (one && values.suite === 'all') throw new Usage('--seed N needs --suite NAME')
  checkPlanted(chosen[0], values.planted)
  const fixed = !one && values.planted === undefined && values.from === String(fixedSeeds)
  return {
    suites: chosen,
    from: one ? whole('seed', values.seed) : whole('from', values.from),
    seeds: one ? 1 : whole('seeds', values.seeds),
    one,
    jobs: Math.max(1, whole('jobs', values.jobs)),
    planted: values.planted,
    plant: values['search-planted'] ? 'search' : fixed && !values['no-planted'] ? 'replay' : 'no',
    less: {
      ...(values.without === undefined ? {} : { without: kinds(values.without) }),
      ...(values.clients === undefined ? {} : { mostClients: Math.max(1, whole('clients', values.clients)) }),
    },
    trace: values.trace,
  }
}

function named(name: string): Suite {
  const suite = suiteNamed(name)
  if (suite === undefined) {
    throw new Usage(`no suite ${name}: there are ${suites.map(one => one.name).join(', ')}, or all`)
  }
  return suite
}

function checkPlanted(suite: Suite | undefined, planted: string | undefined): void {
  if (planted === undefined || suite?.planted.includes(planted)) return
  throw new Usage(`${suite?.name} has no planted bug ${planted}: ${suite?.planted.join(', ') || 'none'}`)
}

function kinds(text: string): string[] {
  const known: readonly string[] = [...weatherKinds, ...faultKinds, ...memoryFaults]
  const chosen = text.split(',')
  for (const kind of chosen) {
    if (!known.includes(kind)) throw new Usage(`--without ${kind}: there are ${known.join(', ')}`)
  }
  return chosen
}

function whole(name: string, text: string | undefined): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Usage(`--${name} ${text}: a whole number is needed`)
  return value
}
