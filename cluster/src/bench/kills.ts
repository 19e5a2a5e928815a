/** Leaders killed one after the other under a light load: how long until the group acknowledges a write again. */
import { Probes } from './probes.ts'
import { waitFor } from './wait.ts'

export interface Leader {
  readonly node: string
  readonly pid: number
  /** Another one with every election: a ballot, a term. */
  readonly term: string
}

/** What a member says of the group; `node` leads when it says so itself. */
export interface MemberView {
  readonly node: string
  readonly leads: boolean
  readonly term: string
  /** The last position of the log that is chosen, and that is applied, as far as the member knows. */
  readonly chosen: number
  readonly applied: number
}

export interface KillTarget {
  readonly name: string
  readonly members: number
  put(number: number): Promise<void>
  /** Of the members that answer. */
  views(): Promise<readonly MemberView[]>
  pidOf(node: string): Promise<number | undefined>
  /** The process was killed; starts it again. */
  restart(node: string): Promise<void>
  stop(): Promise<void>
}

export interface Kills {
  /** One for each kill: milliseconds. */
  readonly ms: readonly number[]
  readonly done: number
  readonly failed: number
  readonly firstFailure: string | undefined
  /** Kills that met no leader: it had handed over in the same moment. */
  readonly missed: number
}

const wholeWithinMs = 60_000
const writeWithinMs = 30_000

export async function killLeaders(
  target: KillTarget,
  kills: number,
  progress: (what: string) => void,
  kill: (pid: number) => void = pid => process.kill(pid, 'SIGKILL'),
): Promise<Kills> {
  const probes = new Probes(number => target.put(number))
  const ms: number[] = []
  let missed = 0
  try {
    while (ms.length < kills) {
      if (ms.length % 10 === 0) progress(`failover: ${target.name}, ${ms.length} of ${kills} kills`)
      await whole(target)
      const leader = await leaderOf(target)
      const killedAt = performance.now()
      kill(leader.pid)
      const tookMs = await probes.nextSuccess(killedAt, writeWithinMs)
      const next = await leaderOf(target)
      await target.restart(leader.node)
      if (next.term === leader.term) missed += 1
      else ms.push(tookMs)
      if (missed > kills) throw new Error(`${missed} kills met no leader`)
    }
    await whole(target)
  } finally {
    await probes.stop()
  }
  return { ms, missed, ...probes.counts }
}

/** All members run, one leads, and each has applied what was chosen anywhere when this began. */
async function whole(target: KillTarget): Promise<void> {
  let until: number | undefined
  await waitFor(`all members of ${target.name} caught up`, wholeWithinMs, async () => {
    const views = await target.views()
    if (views.length < target.members) return undefined
    until ??= Math.max(...views.map(view => view.chosen))
    return isWhole(views, target.members, until) || undefined
  })
}

export function isWhole(views: readonly MemberView[], members: number, until: number): boolean {
  return (
    views.length === members &&
    views.filter(view => view.leads).length === 1 &&
    views.every(view => view.applied >= until)
  )
}

async function leaderOf(target: KillTarget): Promise<Leader> {
  return waitFor(`a leader of ${target.name}`, wholeWithinMs, async () => {
    // A paused or cut-off leader of before may still say that it leads, never under a higher term.
    const leading = (await target.views()).filter(view => view.leads)
    const [found, ...others] = leading
    if (found === undefined || others.length > 0) return undefined
    const pid = await target.pidOf(found.node)
    return pid === undefined ? undefined : { node: found.node, pid, term: found.term }
  })
}
