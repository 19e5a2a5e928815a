/**
 * The amnesia rule in the simulator, in histories where witnesses lose what they saw. The first was found by the
 * Paxos suite (seed 72, when a node did not learn again what others saw): a promise went back.
 */
import { describe, expect, it } from 'vitest'
import { type NodeId, nodeId } from '../address.ts'
import { echoes } from './echo.fixture.ts'
import type { PlantedFault } from './world.ts'

type Echoes = ReturnType<typeof echoes>

function five(planted?: PlantedFault): Echoes {
  const nodes = ['n1', 'n2', 'n3', 'n4', 'n5']
  return echoes(72, { nodes, ...(planted === undefined ? {} : { planted }) })
}

/** A turn of this node that all others that are up have seen, durably. */
function acknowledges({ sim, ask }: Echoes, name: string): void {
  const node = nodeId(name)
  const others = sim.nodes.filter(one => one !== node && sim.status(one) === 'running')
  const seenBy = (other: NodeId) => sim.storage(other).sightings().get(node)?.turn ?? -1
  const turn = sim.storage(node).turn()
  ask(node, node, 'a turn')
  for (let round = 0; round < 100 && !others.every(other => seenBy(other) > turn); round++) {
    for (const other of others) ask(node, other, `round ${round}`)
    sim.run(sim.now + 20)
  }
  expect(Math.min(...others.map(seenBy))).toBeGreaterThan(turn)
}

/** Comes back with what the disk holds, and has settled what it remembers. */
function returns({ sim }: Echoes, node: string): void {
  sim.restart(node)
  sim.run(() => sim.status(node) === 'running')
}

function losesItsDisk(all: Echoes, node: string): void {
  all.sim.crash(node, { wipe: true })
  returns(all, node)
}

const isTold = ({ sim }: Echoes, node: string) => sim.storage(node).identity()?.amnesiac === true

/** n2 is rolled back and away; n3 and n5, one after the other, lose their disks; when n2 returns only they are up. */
function witnessesForget(planted?: PlantedFault): Echoes {
  const all = five(planted)
  const { sim } = all
  const copy = sim.storage('n2').copy()
  acknowledges(all, 'n2')
  sim.crash('n2', { rollback: copy })
  losesItsDisk(all, 'n3')
  losesItsDisk(all, 'n5')
  expect([isTold(all, 'n3'), isTold(all, 'n5')]).toEqual([true, true])
  sim.crash('n1')
  sim.crash('n4')
  returns(all, 'n2')
  return all
}

describe('a node that lost its memory while it was away', () => {
  it('[AM14] is told so by witnesses that have lost theirs since', () => {
    const all = witnessesForget()
    expect(isTold(all, 'n2')).toBe(true)
    expect(all.sim.storage('n2').identity()?.incarnation).toMatch(/^2-/)
  })

  it('[AM14] would go on as if nothing had happened if those did not learn again what others saw', () => {
    expect(isTold(witnessesForget('sightingsNotLearnt'), 'n2')).toBe(false)
  })

  it('[AM14] is told so through any number of losses, two nodes at a time', () => {
    const all = five()
    const { sim } = all
    const copy = sim.storage('n2').copy()
    acknowledges(all, 'n2')
    sim.crash('n2', { rollback: copy })
    for (const node of ['n1', 'n3', 'n4', 'n5', 'n3', 'n1']) {
      for (const other of sim.nodes) if (sim.status(other) === 'running') acknowledges(all, other)
      losesItsDisk(all, node)
      expect(isTold(all, node)).toBe(true)
    }
    returns(all, 'n2')
    expect(isTold(all, 'n2')).toBe(true)
  })

  it('[AM15] does not make others forget: what it learnt of a life that goes on proves nothing to it', () => {
    const all = five()
    const { sim } = all
    sim.crash('n3', { wipe: true })
    sim.crash('n2')
    returns(all, 'n2')
    acknowledges(all, 'n2')
    sim.partition(['n3'], ['n2'])
    returns(all, 'n3')
    expect(sim.storage('n3').sightings().get(nodeId('n2'))).toMatchObject({ hearsay: true })
    // Their first link in this life of n2, which began with less than n3 has of it.
    sim.heal()
    acknowledges(all, 'n2')
    expect(isTold(all, 'n2')).toBe(false)
    expect(sim.storage('n3').sightings().get(nodeId('n2'))?.hearsay).toBeUndefined()
  })

  it('[AM15] is told so by hearsay alone', () => {
    const all = witnessesForget()
    const seen = all.sim.storage('n3').sightings().get(nodeId('n2'))
    expect(seen).toMatchObject({ incarnation: expect.stringMatching(/^1-/), hearsay: true })
  })
})

describe('an answer of a node that is not settled', () => {
  it('[AM13] does not count beside that of another which was asked later', () => {
    const all = five()
    const { sim } = all
    const copies = new Map(['n2', 'n3', 'n5'].map(node => [node, sim.storage(node).copy()]))
    for (const node of ['n2', 'n3', 'n5']) acknowledges(all, node)
    const rollsBack = (node: string) => {
      const rollback = copies.get(node)
      if (rollback === undefined) throw new Error('copied before')
      sim.crash(node, { rollback })
    }
    rollsBack('n2')
    rollsBack('n3')
    // n2 and n3 hear each other and nobody else: neither knows what it lost.
    sim.partition(['n2', 'n3'], ['n1', 'n4', 'n5'])
    sim.restart('n2')
    sim.restart('n3')
    sim.run(sim.now + 500)
    expect([sim.status('n2'), sim.status('n3')]).toEqual(['settling', 'settling'])
    // n3 is told by the others; then n5 loses its memory, and is the second that n2 hears.
    sim.partition(['n2'], ['n3'])
    for (const node of ['n1', 'n4', 'n5']) {
      sim.mend('n3', node)
      sim.mend(node, 'n3')
    }
    sim.run(() => isTold(all, 'n3'))
    sim.partition(['n5'], ['n1', 'n3', 'n4'])
    rollsBack('n5')
    sim.mend('n2', 'n5')
    sim.mend('n5', 'n2')
    sim.restart('n5')
    sim.run(sim.now + 500)
    expect([sim.status('n2'), sim.status('n5')]).toEqual(['settling', 'settling'])
    sim.heal()
    sim.run(() => sim.nodes.every(node => sim.status(node) === 'running'))
    for (const node of ['n2', 'n3', 'n5']) expect(isTold(all, node)).toBe(true)
  })

  it('[AM13] counts with others of that moment, so that a whole cluster can start', () => {
    const { sim } = five()
    for (const node of sim.nodes) sim.crash(node)
    for (const node of ['n1', 'n3', 'n5']) sim.restart(node)
    sim.run(() => ['n1', 'n3', 'n5'].every(node => sim.status(node) === 'running'))
    for (const node of ['n1', 'n3', 'n5']) expect(sim.storage(node).identity()?.amnesiac).toBe(false)
  })
})
