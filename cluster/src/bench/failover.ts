/** `pnpm bench failover`: the leader of the written group is killed again and again; how long until writes go on. */
import { startSynodTarget } from './failover-synod.ts'
import type { BenchReport } from './figure.ts'
import { type Kills, type KillTarget, killLeaders } from './kills.ts'
import type { BenchOptions } from './options.ts'
import { etcdFile, etcdVersion, isEtcdHere } from './peers/etcd.ts'
import { startEtcdTarget } from './peers/etcd-failover.ts'
import { percentile, type Value } from './value.ts'

const defaultKills = 50
/** Its elections take seconds, and two processes answer no more than they must. */
const peerKills = 7
const goalMs = 1_000

export async function benchFailover(options: BenchOptions): Promise<BenchReport> {
  const kills = options.kills ?? defaultKills
  const ours = await underKills(await startSynodTarget(), kills, options)
  const peer = isEtcdHere()
    ? {
        name: `etcd ${await etcdVersion()}, its defaults`,
        kills: await underKills(await startEtcdTarget(), Math.min(kills, peerKills), options),
      }
    : undefined
  return {
    bench: 'failover',
    title: `kill -9 of the leader, 3 nodes, a put every 10 ms; until the next one is acknowledged`,
    figures: [],
    values: failoverValues(ours, peer),
    notes: [
      `Synod: ${describe(ours)}`,
      peer === undefined
        ? `etcd was not measured: Debian's etcd-server would bring ${etcdFile} (apt-get install)`
        : `etcd: ${describe(peer.kills)}`,
    ],
  }
}

async function underKills(target: KillTarget, kills: number, { progress }: BenchOptions): Promise<Kills> {
  try {
    return await killLeaders(target, kills, progress)
  } finally {
    await target.stop()
  }
}

export function failoverValues(
  ours: Kills,
  peer?: { readonly name: string; readonly kills: Kills },
): Value[] {
  const line = (what: string, share: number, goal?: number): Value => ({
    what,
    ours: percentile(ours.ms, share),
    unit: 'ms',
    ...(peer && { peer: { name: peer.name, value: percentile(peer.kills.ms, share) } }),
    ...(goal !== undefined && { goal }),
  })
  return [line('median', 0.5), line('p99', 0.99, goalMs), line('worst', 1)]
}

function describe({ ms, done, failed, firstFailure }: Kills): string {
  const why = firstFailure === undefined ? '' : ` (the first: ${firstFailure})`
  return `${ms.length} kills, ${done} puts acknowledged, ${failed} not${why}`
}
