/** Whether a cluster cannot do anything: too few nodes answer, or nobody leads a group. */
import type { GroupRow } from '../gateway/admin.ts'
import { Failure } from '../node/failure.ts'
import { answered, askAll, type Told } from './ask-nodes.ts'
import type { FoundCluster } from './find-cluster.ts'
import { summarize } from './verbs/groups.ts'

/** An election takes a second or two: what lasts longer does not end by itself. */
export const patience = { pollMs: 2_000, giveUpMs: 10_000 } as const

/** Rejects with `Failure` when the cluster has been stuck for `giveUpMs`; ends with `signal`, resolving. */
export async function whenStuck(
  found: FoundCluster,
  signal: AbortSignal,
  { pollMs, giveUpMs }: { readonly pollMs: number; readonly giveUpMs: number } = patience,
): Promise<void> {
  let fineAt = performance.now()
  while (!signal.aborted) {
    await pause(pollMs, signal)
    const why = whyStuck(await askAll<readonly GroupRow[]>(found, '/groups'))
    if (why === undefined) fineAt = performance.now()
    else if (performance.now() - fineAt >= giveUpMs && !signal.aborted) throw new Failure(why)
  }
}

export function whyStuck(told: readonly Told<readonly GroupRow[]>[]): string | undefined {
  const silent = told.filter(one => 'problem' in one).map(({ id }) => id)
  const who =
    silent.length === 0 ? '' : `: ${silent.join(', ')} ${silent.length === 1 ? 'does' : 'do'} not answer`
  if (answered(told).length * 2 <= told.length) return `no majority${who}`
  const alone = summarize(told).filter(({ leader }) => leader === null)
  return alone.length === 0 ? undefined : `no leader of ${alone.map(({ group }) => group).join(', ')}${who}`
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
