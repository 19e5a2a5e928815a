/** The models that can be searched. */
import type { SearchModel } from '@synod/runtime/simulation'
import { commitBugs } from './commit-groups.ts'
import { commitModel, conflictModel } from './commit-model.ts'
import { paxosModel } from './paxos-model.ts'

export interface ModelEntry {
  readonly name: string
  /** Every goal is reached in so many steps. */
  readonly depth: number
  readonly planted: readonly string[]
  readonly build: (planted?: string) => SearchModel<unknown>
}

/** A model with whatever its ghost is: the search hands it back to it only. */
function entry<Ghost>(
  name: string,
  depth: number,
  planted: readonly string[],
  build: (planted?: string) => SearchModel<Ghost>,
): ModelEntry {
  return { name, depth, planted, build: bug => build(bug) as unknown as SearchModel<unknown> }
}

const paxosBugs = [
  'roundNotSaved',
  'promiseNotSaved',
  'acceptedNotSaved',
  'promiseNotKept',
  'promisesIgnored',
  'quorumOneShort',
]

export const models: readonly ModelEntry[] = [
  entry('paxos', 6, paxosBugs, paxosModel),
  entry('commit', 8, commitBugs, commitModel),
  entry('conflict', 8, commitBugs, conflictModel),
]
