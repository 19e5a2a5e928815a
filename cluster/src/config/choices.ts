/**
 * What can be chosen per layer, what each choice promises, and which choices exist. The configuration is checked
 * against this table, and the table of promises (`cluster promises`, README, dashboard) is printed from it.
 */

export interface Choice {
  readonly name: string
  readonly built: boolean
  readonly promise: string
}
export interface Layer {
  readonly layer: string
  /** Where it is set in a configuration file. */
  readonly key: string
  readonly choices: readonly Choice[]
}

const built = (name: string, promise: string): Choice => ({ name, built: true, promise })
const planned = (name: string, promise: string): Choice => ({ name, built: false, promise })

export const replication: Layer = {
  layer: 'replication',
  key: 'keyspaces.<name>.replication',
  choices: [
    built('paxos', 'linearizable; durable on a majority before the answer; progress while a majority is up'),
    planned('vr', 'the same as a log of views (Viewstamped Replication)'),
    planned('quorum', 'linearizable registers when R+W>N and 2W>N, else declared eventual'),
    planned('primary-sync', 'every backup has what was acknowledged; needs an arbiter to promote'),
    planned('primary-async', 'acknowledged writes may be lost when the primary is'),
    planned('multi-primary', 'diverged sides roll back; lost writes are listed'),
  ],
}

export const partition: Layer = {
  layer: 'partition',
  key: 'keyspaces.<name>.partition',
  choices: [
    built('hash', 'keys spread evenly; what lies under one prefix lies together'),
    planned('range', 'neighbouring keys lie together; ordered scans touch few shards'),
  ],
}

export const concurrency: Layer = {
  layer: 'concurrency',
  key: 'keyspaces.<name>.concurrency',
  choices: [
    built('2pl', 'strict two-phase locking, wound-wait: no deadlock, the oldest always gets through'),
    planned('mvcc', 'readers never wait for writers'),
  ],
}

export const commit: Layer = {
  layer: 'commit',
  key: 'transactions.commit',
  choices: [
    built('2pc-escrow', 'atomic over replicated groups; bounded adds do not lock each other out'),
    planned('2pc', 'atomic; every change locks its key until the decision is known'),
    planned('paxos-commit', 'atomic; no coordinator whose loss could block'),
    planned('3pc', 'does not block while links are up; may split under partitions'),
    planned('saga', 'steps are visible at once and undone by compensations'),
    planned('reserve', 'try, confirm, cancel: reservations expire'),
  ],
}

export const isolation: Layer = {
  layer: 'isolation',
  key: 'transactions.isolation',
  choices: [
    built('serializable', 'as if one after another; single-key operations linearizable'),
    planned('snapshot', 'reads from one moment; write skew is possible'),
    planned('read-committed', 'never sees what is undone later; reads may not repeat'),
    planned('read-uncommitted', 'may see what is undone later'),
  ],
}

export const layers: readonly Layer[] = [replication, partition, concurrency, commit, isolation]

export interface PromiseRow {
  readonly layer: string
  readonly choice: string
  readonly status: 'built' | 'not built yet'
  readonly default: boolean
  readonly promise: string
}

/** The table of promises, one row per choice; the first of each layer that is built is the default. */
export function promises(): PromiseRow[] {
  return layers.flatMap(({ layer, choices }) => {
    const first = choices.find(choice => choice.built)
    return choices.map(choice => ({
      layer,
      choice: choice.name,
      status: choice.built ? 'built' : 'not built yet',
      default: choice === first,
      promise: choice.promise,
    }))
  })
}
