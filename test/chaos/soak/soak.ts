/** Transfers between the same accounts, looked at in even intervals. */

import { worst } from '../../../cluster/src/verify/finding.ts'
import { Bank } from '../../../cluster/src/workloads/bank.ts'
import { drive } from '../../../cluster/src/workloads/drive.ts'
import type { RealCluster } from '../../processes/cluster.fixture.ts'
import { type Holding, holding } from './holding.ts'
import { growth } from './level.ts'

export interface SoakOptions {
  readonly seconds: number
  readonly users: number
}

const looks = 24
const accounts = 300

/** Returns what failed. */
export async function soak(
  cluster: RealCluster,
  { seconds, users }: SoakOptions,
  say: (line: string) => void,
): Promise<string[]> {
  const nodes = (await cluster.nodes()).map(({ id, url }) => ({ id, url }))
  const bank = new Bank({
    nodes,
    users,
    keys: accounts,
    orders: 0,
    create: false,
    history: undefined,
    admin: undefined,
  })
  const seen: Holding[][] = []
  try {
    await bank.prepare()
    for (let look = 0; look < looks; look++) {
      const totals = await drive(
        bank,
        { users, seconds: seconds / looks, rate: undefined },
        () => undefined,
        new AbortController().signal,
      )
      const now = await holding(cluster)
      seen.push(now)
      say(
        `${Math.round(((look + 1) * seconds) / looks)} s: ${totals.outcomes.ok} transfers; ${now.map(text).join('; ')}`,
      )
      if (totals.outcomes.ok === 0) return ['nothing was done']
    }
    const findings = await bank.finish()
    const wrong = worst(findings) === 'ok' ? [] : findings.map(({ detail }) => detail)
    return [...wrong, ...growth(seen)]
  } finally {
    bank.close()
  }
}

function text({ node, residentMiB, descriptors, walMiB, databaseMiB, longestLog }: Holding): string {
  return `${node} ${residentMiB} MiB, ${descriptors} descriptors, wal ${walMiB}, database ${databaseMiB}, log ${longestLog}`
}
