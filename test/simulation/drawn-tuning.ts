/** Limits of Paxos so small that compaction, snapshots, chunks and full windows happen within seconds. */
import type { Tuning } from '@synod/actors'
import type { Random } from '@synod/runtime/simulation'

export function drawTuning(random: Random): Partial<Tuning> {
  const handOver = { handOverMs: random.pick([200, 1000, 3000]) }
  return random.chance(0.6) ? { ...handOver, ...smallLimits(random) } : handOver
}

function smallLimits(random: Random): Partial<Tuning> {
  // So that most flushes take some turns.
  return { ...drawLimits(random), flushSlice: 1 }
}

function drawLimits(random: Random) {
  return {
    window: random.integer(1, 8),
    batchCommands: random.integer(1, 5),
    chunkSlots: random.integer(1, 10),
    chunkBytes: random.pick([100, 1000, 100_000]),
    tailSlots: random.integer(0, 30),
    flushSlots: random.integer(1, 40),
    flushKeys: random.integer(1, 10),
    flushMs: random.pick([50, 500, 2000]),
    candidateLagSlots: random.integer(1, 50),
    snapshotIdleMs: random.pick([500, 5000]),
  }
}
