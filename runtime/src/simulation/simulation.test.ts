import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { ActorType } from '../actor.ts'
import { ledgerSimulation } from './ledger.fixture.ts'
import { type NemesisMix, noFaults } from './nemesis/mix.ts'
import { SimulationError } from './options.ts'
import { seededRandom } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Simulation } from './simulation.ts'
import type { TraceLine } from './trace.ts'

function faulty(seed: number, mix?: NemesisMix) {
  const lines: TraceLine[] = []
  const { sim, done } = ledgerSimulation({ seed, trace: line => lines.push(line) })
  sim.nemesis(mix)
  sim.run(2000)
  sim.heal()
  sim.run(done)
  return { sim, lines }
}

describe('virtual time', () => {
  it('runs events by time, and in the order of scheduling at the same time', () => {
    const scheduler = new Scheduler()
    const ran: string[] = []
    const random = seededRandom(1)
    const times = Array.from({ length: 500 }, () => random.integer(0, 50))
    for (const [index, time] of times.entries()) scheduler.at(time, () => ran.push(`${time} ${index}`))
    while (scheduler.step()) expect(scheduler.now).toBeLessThanOrEqual(50)
    const expected = times
      .map((time, index) => ({ time, index }))
      .sort((a, b) => a.time - b.time || a.index - b.index)
      .map(({ time, index }) => `${time} ${index}`)
    expect(ran).toEqual(expected)
  })

  it('never goes back, and an event that never comes is not kept', () => {
    const scheduler = new Scheduler()
    const ran: number[] = []
    scheduler.at(10, () => scheduler.at(5, () => ran.push(scheduler.now)))
    scheduler.at(Number.POSITIVE_INFINITY, () => ran.push(-1))
    while (scheduler.step());
    expect(ran).toEqual([10])
    expect(() => scheduler.at(Number.NaN, () => {})).toThrow('needs a time')
  })
})

describe('a simulated cluster', () => {
  it('does its work in fair weather', () => {
    const { sim, done } = ledgerSimulation({ seed: 1 })
    sim.run(done)
    expect(sim.turns).toBeGreaterThan(60)
  })

  it('keeps what was acknowledged under faults of all kinds', () => {
    for (let seed = 1; seed <= 60; seed++) faulty(seed)
  })

  it('plays every kind of fault', () => {
    const kinds = new Set<string>()
    for (let seed = 1; seed <= 20; seed++) {
      for (const line of faulty(seed).lines) {
        if (line.kind === 'fault') kinds.add(Object.keys(line).slice(3).join())
        if (line.kind === 'lose' || line.kind === 'crash') kinds.add(line.kind)
      }
    }
    expect(kinds).toEqual(
      new Set([
        'crash',
        'lose',
        'cut',
        'clog',
        'pauseMs',
        'skewMs',
        'slowNodeMs',
        'slowDiskMs',
        'failCommit',
        'fillDisk',
      ]),
    )
  })

  it('catches what leaves a node before it is durable', () => {
    const caught = () => {
      for (let seed = 1; seed <= 100; seed++) {
        const { sim, done } = ledgerSimulation({ seed, planted: 'ackBeforeCommit', mayFail: () => true })
        sim.nemesis({ ...noFaults, everyMs: 50, faults: ['crash'] })
        sim.run(2000)
        sim.heal()
        sim.run(done)
      }
    }
    expect(caught).toThrow('was lost')
  })

  it('says the seed when time or events run out, and when an actor throws', () => {
    const { sim } = ledgerSimulation({ seed: 77 })
    expect(() => sim.run(() => false, { maxMs: 500 })).toThrow('seed 77, at')
    const endless = ledgerSimulation({ seed: 78, maxEvents: 50 })
    expect(() => endless.sim.run(10_000)).toThrow('seed 78')
    const broken: ActorType<null, never, null> = {
      type: 'broken',
      start: (_start, _rows, out) => {
        out.setTimer('boom', 5)
        return null
      },
      receive() {
        throw new Error('no')
      },
      describe: () => null,
    }
    const failing = new Simulation({ seed: 79, nodes: ['n1'] })
    failing.place('n1', broken, 'x', null)
    expect(() => failing.run(100)).toThrow(SimulationError)
    expect(() => failing.run(100)).toThrow('seed 79')
  })
})

describe('the same seed', () => {
  it('gives the same trace, byte for byte', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const one = faulty(seed)
      const two = faulty(seed)
      expect(two.sim.trace.hash).toBe(one.sim.trace.hash)
      expect(JSON.stringify(two.lines)).toBe(JSON.stringify(one.lines))
    }
  })

  it('gives it whether lines are written or not, and another seed another one', () => {
    const { sim, done } = ledgerSimulation({ seed: 5 })
    sim.nemesis()
    sim.run(2000)
    sim.heal()
    sim.run(done)
    expect(sim.trace.hash).toBe(faulty(5).sim.trace.hash)
    expect(sim.trace.hash).not.toBe(faulty(6).sim.trace.hash)
  })

  it('gives it in another process as well', () => {
    const fixture = JSON.stringify(import.meta.resolve('./ledger.fixture.ts'))
    const script = `const { ledgerSimulation } = await import(${fixture})
      const { sim, done } = ledgerSimulation({ seed: 12 })
      sim.nemesis()
      sim.run(2000)
      sim.heal()
      sim.run(done)
      process.stdout.write(sim.trace.hash)`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(stdout).toBe(faulty(12).sim.trace.hash)
  })
})
