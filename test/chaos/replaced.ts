/**
 * A node that returns with an empty folder, or with yesterday's copy of it: it is recognised, has no vote, catches up
 * from the others (the amnesia rule), and then votes.
 *
 * Of three members one recovers from both others. So while one of them is away, the one that forgot cannot recover, and
 * with it there is no majority: a write that were acknowledged then would rest on a vote from what it forgot.
 */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { connect } from '@synod/cluster/client'
import { until } from '../processes/cluster.fixture.ts'
import type { Nodes, Standing } from '../processes/nodes.fixture.ts'
import { nodeIds, onNodes, type Stage } from './stage.ts'

/** Soon, as most of what is asked here has no answer. */
const deadlineMs = 2_000
/** Enough for every group of the keyspace. */
const keys = Array.from({ length: 24 }, (_, number) => `key${number}`)

function replacing(what: 'empty' | 'old', summary: string): Stage {
  return {
    name: `${what}-folder`,
    summary: `${summary}: recognised, without a vote until it has caught up`,
    unit: 'cycles',
    long: 10,
    short: 1,
    run: (cycles, say) =>
      onNodes(say, { config: { deadlineMs } }, async nodes => {
        await nodes.startAll()
        for (let cycle = 0; cycle < cycles; cycle++) {
          const [victim = '', away = '', left = ''] = nodeIds.map((_, at) => nodeIds[(cycle + at) % 3])
          const incarnation = await replace(nodes, what, { victim, away, left, cycle })
          say(`cycle ${cycle + 1}: ${victim} came back as ${incarnation}`)
        }
      }),
  }
}

interface Cast {
  readonly victim: string
  readonly away: string
  readonly left: string
  readonly cycle: number
}

async function replace(nodes: Nodes, what: 'empty' | 'old', cast: Cast): Promise<string> {
  const { victim, away, left, cycle } = cast
  await writeAll(nodes, `${cycle} before`)
  const copy = `${nodes.data(victim)}.old`
  await nodes.stop(victim)
  cpSync(nodes.data(victim), copy, { recursive: true })
  nodes.start(victim)
  await nodes.allReady()
  // Without the other one these rest on the votes of the victim: what it is about to forget has been counted.
  await nodes.stop(away, 'SIGKILL')
  await writeAll(nodes, `${cycle} after`)
  const before = await nodes.standing(victim)
  await nodes.stop(victim, 'SIGKILL')
  rmSync(nodes.data(victim), { recursive: true })
  if (what === 'old') cpSync(copy, nodes.data(victim), { recursive: true })
  else mkdirSync(nodes.data(victim))
  rmSync(copy, { recursive: true })

  nodes.start(victim)
  const now = await recognised(nodes, victim, before)
  await expectNoVote(nodes, left, cycle)
  nodes.start(away)
  await nodes.allReady()
  await expectAll(nodes, `${cycle} after`)
  await nodes.stop(away, 'SIGKILL')
  // With the other one away, nothing happens without the vote of the one that had forgotten.
  await writeAll(nodes, `${cycle} again`)
  await expectAll(nodes, `${cycle} again`)
  nodes.start(away)
  await nodes.allReady()
  return now.incarnation
}

const lifeOf = ({ incarnation }: Standing) => Number(incarnation.split('-')[0])

async function recognised(nodes: Nodes, victim: string, before: Standing): Promise<Standing> {
  await nodes.reaches(victim, `${victim} knows that it forgot`, async () => {
    const now = await nodes.standing(victim)
    return now.amnesiac && lifeOf(now) > lifeOf(before)
  })
  return nodes.standing(victim)
}

/** Whoever is asked, in every group: no write is acknowledged. */
async function expectNoVote(nodes: Nodes, left: string, cycle: number): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const answers = await Promise.all(
    keys.map(key =>
      fetch(`${nodes.url(left)}/kv/kv/vain-${cycle}-${key}`, { method: 'PUT', headers, body: '1' }),
    ),
  )
  for (const { status } of answers) assert.ok(status === 503 || status === 504, `it was answered ${status}`)
}

async function writeAll(nodes: Nodes, value: string): Promise<void> {
  const client = connect(nodes.ids.map(id => nodes.url(id)))
  await Promise.all(
    keys.map(key => until(`${key} is written`, async () => (await client.put('kv', key, value)) > 0)),
  )
  client.close()
}

async function expectAll(nodes: Nodes, value: string): Promise<void> {
  const client = connect(nodes.ids.map(id => nodes.url(id)))
  for (const key of keys) assert.equal((await client.get('kv', key))?.value, value)
  client.close()
}

export const replacedStages = [
  replacing('empty', 'a node returns with an empty folder'),
  replacing('old', "a node returns with yesterday's copy of its folder"),
]
