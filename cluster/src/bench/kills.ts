/** Leaders killed one after the other under a light load: how long until the group acknowledges a write again. */
import { Probes } from './probes.ts'
import { waitFor } from './wait.ts'

interface Leader {
  readonly node: string
  readonly pid: number
}

/** What a member says of the group; `node` leads when it says so itself. */
export interface MemberView {
  readonly node: string
  readonly leads: boolean
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
  try {
    while (ms.length < kills) {
      if (ms.length % 10 === 0) progress(`failover: ${target.name}, ${ms.length} of ${kills} kills`)
      await whole(target)
      const leader = await leaderOf(target)
      const killedAt = performance.now()
      kill(leader.pid)
      ms.push(await probes.nextSuccess(killedAt, writeWithinMs))
      await target.restart(leader.node)
    }
    await whole(target)
  } finally {
    await probes.stop()
  }
  return { ms, ...probes.counts }
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
    // One that was cut off may still say that it leads.
    const leading = (await target.views()).filter(view => view.leads)
    const [found, ...others] = leading
    if (found === undefined || others.length > 0) return undefined
    const pid = await target.pidOf(found.node)
    return pid === undefined ? undefined : { node: found.node, pid }
  })
}
