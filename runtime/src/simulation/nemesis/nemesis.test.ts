/** Every kind of fault really strikes, and what it breaks is mended. */
import { describe, expect, it } from 'vitest'
import { actorId } from '../../address.ts'
import { echoes } from '../echo.fixture.ts'
import { ledgerSimulation } from '../ledger.fixture.ts'
import { seededRandom } from '../random.ts'
import { drawMix, type FaultKind, faultKinds, kindsOf, noFaults, weatherKinds, without } from './mix.ts'

/** What has to be seen of each kind. */
const strikes: Readonly<Record<FaultKind, readonly string[]>> = {
  cut: ['cut'],
  partition: ['partition'],
  bridge: ['bridge'],
  isolateLeader: ['leader isolated'],
  clog: ['clog', 'burst'],
  crash: ['crash'],
  crashAtCommit: ['crash beforeCommit', 'crash afterCommit', 'crash whileReleasing'],
  pause: ['pause'],
  skew: ['clock skew'],
  jump: ['clock jump'],
  slowNode: ['slow node'],
  slowDisk: ['slow disk'],
  failDisk: ['commit failed'],
  fullDisk: ['disk full'],
}

describe('a nemesis', () => {
  it.each(faultKinds)('plays %s, and everything finishes when it is over', kind => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 10; seed++) {
      const { sim, done } = ledgerSimulation({ seed, wanted: 60 })
      sim.nemesis({ ...noFaults, everyMs: 100, faults: [kind] }, () => sim.nodes[0])
      sim.run(4000)
      sim.heal()
      sim.run(done)
      for (const [what] of sim.happened.entries()) seen.add(what)
    }
    for (const what of strikes[kind]) expect(seen).toContain(what)
    // A fault whose time is over before it struck is ended by a plain crash.
    const others = Object.values(strikes)
      .flat()
      .filter(what => !strikes[kind].includes(what))
    for (const what of others) if (what !== 'crash' && what !== 'cut') expect(seen).not.toContain(what)
  })

  it('makes weather as bad as the mix allows', () => {
    const { sim, done } = ledgerSimulation({ seed: 3, wanted: 200 })
    sim.nemesis({ ...noFaults, everyMs: 50, loss: 0.3, duplicate: 0.5, reorder: 0.3 })
    sim.run(2000)
    for (const what of ['lost', 'doubled', 'overtaken']) expect(sim.happened.of(what)).toBeGreaterThan(10)
    sim.heal()
    sim.run(done)
  })
})

describe('a drawn mix', () => {
  const mixes = Array.from({ length: 300 }, (_, seed) => drawMix(seededRandom(seed)))

  it('differs from seed to seed, and every kind is in some', () => {
    expect(new Set(mixes.map(mix => JSON.stringify(mix))).size).toBeGreaterThan(250)
    expect(new Set(mixes.flatMap(kindsOf))).toEqual(new Set([...weatherKinds, ...faultKinds]))
  })

  it('goes up to 30 % loss and 50 % duplicates, and down to none', () => {
    for (const [kind, most] of [
      ['loss', 0.3],
      ['duplicate', 0.5],
    ] as const) {
      const values = mixes.map(mix => mix[kind])
      expect([Math.min(...values), Math.max(...values)]).toEqual([0, most])
    }
  })

  it('can be had without some kinds', () => {
    for (const mix of mixes) {
      const kinds = kindsOf(mix)
      const [first, ...rest] = kinds
      if (first !== undefined) expect(kindsOf(without(mix, new Set([first])))).toEqual(rest)
      expect(kindsOf(without(mix, new Set(kinds)))).toEqual([])
    }
  })
})

describe('a clogged link', () => {
  it('holds back what is sent, in one direction, and lets go of everything at once and in order', () => {
    const { sim, ask } = echoes(11)
    sim.clog('n1', 'n2')
    const there = ['a', 'b', 'c'].map(text => {
      const answers = ask('n1', 'n2', text, 5000)
      sim.run(sim.now + 5)
      return answers
    })
    const back = ask('n3', 'n2', 'x')
    sim.run(sim.now + 1500)
    expect(there).toEqual([[], [], []])
    expect(back).toEqual([{ outcome: 'answered', result: 'x' }])
    sim.unclog('n1', 'n2')
    sim.run(sim.now + 20)
    expect(there.flat().map(answer => 'result' in answer && answer.result)).toEqual(['a', 'b', 'c'])
    expect(sim.happened.of('burst')).toBe(1)
  })

  it('moves again when all is mended', () => {
    const { sim, ask } = echoes(12)
    sim.clog('n1', 'n2')
    const there = ask('n1', 'n2', 'a', 5000)
    sim.run(sim.now + 100)
    sim.heal()
    sim.run(() => there.length === 1)
  })
})

describe('a full disk', () => {
  it('ends every life with its first commit until there is space', () => {
    const { sim, ask } = echoes(13)
    sim.fillDisk('n2')
    ask('n2', 'n2', 'x')
    for (let lives = 1; lives <= 3; lives++) {
      sim.run(() => sim.status('n2') === 'down')
      expect(sim.happened.of('disk full')).toBe(lives)
      sim.restart('n2')
    }
    sim.run(() => sim.status('n2') === 'down')
    sim.freeDisk('n2')
    sim.restart('n2')
    sim.run(() => sim.status('n2') === 'running')
    const after = ask('n2', 'n2', 'y')
    sim.run(() => after.length === 1)
    expect(after).toEqual([{ outcome: 'answered', result: 'y' }])
  })
})

describe('a flipped bit', () => {
  const echo = actorId('echo', 'e')

  it('refuses the node its start, every time, until the disk is replaced', () => {
    const { sim } = echoes(14)
    sim.run(sim.now + 500)
    sim.crash('n2')
    expect(sim.flipBit('n2', echo, 'no such row')).toBe(false)
    expect(sim.flipBit('n2', echo, 'lives')).toBe(true)
    for (const found of [1, 2]) {
      sim.restart('n2')
      sim.run(() => sim.status('n2') === 'down')
      expect(sim.damaged('n2')).toBe(true)
      expect(sim.happened.of('damage found')).toBe(found)
    }
    sim.crash('n2', { wipe: true })
    expect(sim.damaged('n2')).toBe(false)
    sim.restart('n2')
    sim.run(() => sim.storage('n2').identity()?.amnesiac === true)
  })

  it('is what an operator mends when the faults are over', () => {
    const { sim } = echoes(15)
    sim.run(sim.now + 500)
    sim.crash('n2')
    sim.flipBit('n2', echo, 'lives')
    sim.restart('n2')
    sim.run(() => sim.damaged('n2'))
    sim.heal()
    sim.run(() => sim.status('n2') === 'running')
    expect(sim.storage('n2').identity()?.amnesiac).toBe(true)
  })

  it('is served as if nothing had been there by a store that ignores it', () => {
    const { sim } = echoes(16, { planted: 'damageIgnored' })
    sim.run(sim.now + 500)
    sim.crash('n2')
    sim.flipBit('n2', echo, 'lives')
    sim.restart('n2')
    sim.run(() => sim.status('n2') === 'running')
    expect(sim.storage('n2').identity()?.amnesiac).toBe(false)
    sim.run(sim.now + 10)
    expect(sim.storage('n2').rows(echo).get('lives')).toBe(1)
  })
})

describe('slowness and clocks', () => {
  it('a slow node takes its time for every turn, a slow disk for turns that write', () => {
    const took = (hit: (sim: ReturnType<typeof echoes>['sim']) => void) => {
      const { sim, ask } = echoes(17)
      hit(sim)
      const began = sim.now
      const answers = ask('n2', 'n2', 'x')
      sim.run(() => answers.length === 1)
      return sim.now - began
    }
    expect(took(() => {})).toBeLessThan(10)
    expect(took(sim => sim.slowNode('n2', 40))).toBeGreaterThan(40)
    expect(took(sim => sim.slowDisk('n2', 40))).toBeGreaterThan(40)
  })

  it('a wall clock jumps, and nothing waits longer for it', () => {
    const { sim, done } = ledgerSimulation({ seed: 18 })
    sim.run(50)
    sim.setClock('n1', 3_600_000)
    sim.run(done)
    expect(sim.now).toBeLessThan(5000)
    const rows = sim.storage('n1').rows(actorId('ledger', 'main'))
    const times = [...rows.entries()].map(([, wallMs]) => wallMs as number)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(3_500_000)
    expect(sim.happened.of('clock jump')).toBe(1)
  })
})
