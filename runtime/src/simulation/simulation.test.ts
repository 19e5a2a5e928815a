import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { type ActorType, unreachable } from '../actor.ts'
import { address, nodeId } from '../address.ts'
import type { Answer } from '../kernel/ports.ts'
import { ledgerSimulation } from './ledger.fixture.ts'
import { drawMix, type NemesisMix, noFaults } from './nemesis.ts'
import { seededRandom } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Simulation, SimulationError } from './simulation.ts'
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
    expect([...kinds].sort()).toEqual(
      ['crash', 'cut', 'failCommit', 'lose', 'pauseMs', 'skewMs', 'slowDiskMs'].sort(),
    )
  })

  it('catches what leaves a node before it is durable', () => {
    const caught = () => {
      for (let seed = 1; seed <= 100; seed++) {
        const { sim, done } = ledgerSimulation({ seed, planted: 'ackBeforeCommit', mayFail: () => true })
        sim.nemesis({ ...noFaults, everyMs: 50, crashes: true })
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

type Ask = { readonly type: 'echo'; readonly text: string }
const echo: ActorType<{ lives: number }, Ask, null> = {
  type: 'echo',
  start(start, rows, out) {
    const lives = ((rows.get('lives') as number | undefined) ?? 0) + 1
    out.save('lives', lives)
    out.note('started', { amnesiac: start.amnesiac, incarnation: start.incarnation })
    return { lives }
  },
  receive(_state, event, out) {
    switch (event.kind) {
      case 'request':
        out.save('last', event.message.text)
        return out.reply(event.request, event.message.text)
      case 'peer':
        return out.note('peer', { node: event.node, reachable: event.reachable })
      case 'message':
      case 'timer':
        return
      default:
        unreachable(event)
    }
  },
  describe: state => ({ lives: state.lives }),
  observesPeers: true,
}
const echoAt = (node: string) => address(nodeId(node), 'echo', 'e')

function echoes(seed: number) {
  const notes: string[] = []
  const sim = new Simulation({
    seed,
    nodes: ['n1', 'n2', 'n3'],
    observer: {
      note: (actor, name, attributes) => notes.push(`${actor} ${name} ${JSON.stringify(attributes)}`),
    },
  })
  for (const node of sim.nodes) sim.place(node, echo, 'e', null)
  sim.run(() => sim.nodes.every(node => sim.status(node) === 'running'))
  sim.run(sim.now + 5)
  const ask = (node: string, to: string, text: string): Answer[] => {
    const answers: Answer[] = []
    sim.ask(node, echoAt(to), { type: 'echo', text }, 1000, answer => answers.push(answer))
    return answers
  }
  return { sim, notes, ask }
}

describe('nodes', () => {
  it('answer requests, their own and those of others', () => {
    const { sim, ask } = echoes(1)
    const own = ask('n1', 'n1', 'a')
    const other = ask('n1', 'n3', 'b')
    sim.run(() => own.length + other.length === 2)
    expect(own).toEqual([{ outcome: 'answered', result: 'a' }])
    expect(other).toEqual([{ outcome: 'answered', result: 'b' }])
  })

  it('tell askers that they cannot know when they die, and that nothing happened when they were down', () => {
    const { sim, ask } = echoes(2)
    const lost = ask('n2', 'n2', 'x')
    sim.crash('n2')
    const refused = ask('n2', 'n2', 'y')
    sim.run(sim.now + 1)
    expect(lost).toEqual([{ outcome: 'timeout' }])
    expect(refused).toEqual([{ outcome: 'refused', reason: 'unreachable' }])
    expect(
      sim
        .storage('n2')
        .rows('echo/e' as never)
        .get('last'),
    ).toBeUndefined()
  })

  it('lose the turn when they die before its commit, only its messages when after', () => {
    for (const [at, row] of [
      ['beforeCommit', undefined],
      ['afterCommit', 'x'],
    ] as const) {
      const { sim, ask } = echoes(3)
      sim.crash('n2', { at })
      const answers = ask('n2', 'n2', 'x')
      sim.run(() => answers.length === 1)
      expect(answers).toEqual([{ outcome: 'timeout' }])
      expect(
        sim
          .storage('n2')
          .rows('echo/e' as never)
          .get('last'),
      ).toBe(row)
      sim.restart('n2')
      sim.run(() => (sim.state(echoAt('n2')) as { lives: number } | undefined)?.lives === 2)
    }
  })

  it('die of a failed commit, with nothing of the turn written', () => {
    const { sim, ask } = echoes(4)
    sim.failCommit('n2')
    const answers = ask('n2', 'n2', 'x')
    sim.run(() => answers.length === 1)
    expect(sim.status('n2')).toBe('down')
    sim.restart('n2')
    sim.run(() => sim.status('n2') === 'running')
  })

  it('do nothing while paused; what arrives waits', () => {
    const { sim, ask } = echoes(5)
    sim.pause('n2', 700)
    const answers = ask('n1', 'n2', 'x')
    sim.run(sim.now + 600)
    expect(answers).toEqual([])
    sim.run(() => answers.length === 1)
    expect(answers).toEqual([{ outcome: 'answered', result: 'x' }])
  })

  it('hear nothing through a cut, in that direction only', () => {
    const { sim, ask, notes } = echoes(6)
    sim.cut('n1', 'n2')
    const there = ask('n1', 'n2', 'x')
    const back = ask('n3', 'n2', 'y')
    sim.run(sim.now + 1500)
    expect(there).toEqual([{ outcome: 'timeout' }])
    expect(back).toEqual([{ outcome: 'answered', result: 'y' }])
    expect(notes).toContain('n2/echo/e peer {"node":"n1","reachable":false}')
    expect(notes).not.toContain('n1/echo/e peer {"node":"n2","reachable":false}')
    sim.heal()
    sim.run(() => notes.at(-1) === 'n2/echo/e peer {"node":"n1","reachable":true}')
  })

  it('obey the rules of the fault plane', () => {
    const { sim, ask } = echoes(7)
    const rule = { probability: 1, delayMs: 0, jitterMs: 0, seed: 1 }
    sim.faults.add({ id: 'no echo', to: nodeId('n2'), messageType: 'echo', action: 'drop', ...rule })
    const lost = ask('n1', 'n2', 'x')
    const fine = ask('n1', 'n3', 'y')
    sim.run(() => lost.length + fine.length === 2)
    expect(lost).toEqual([{ outcome: 'timeout' }])
    expect(fine).toEqual([{ outcome: 'answered', result: 'y' }])
  })

  it('[AM4][AM7] that lost their disk come back under a new incarnation, as amnesiacs', () => {
    const { sim, ask, notes } = echoes(8)
    const before = ask('n1', 'n2', 'x')
    sim.run(() => before.length === 1)
    const copy = sim.storage('n2').copy()
    const more = ask('n1', 'n2', 'y')
    sim.run(() => more.length === 1)
    sim.crash('n2', { rollback: copy })
    sim.restart('n2')
    sim.run(() => sim.storage('n2').identity()?.amnesiac === true)
    expect(sim.storage('n2').identity()?.incarnation).toMatch(/^2-/)
    sim.run(sim.now + 100)
    sim.crash('n2', { wipe: true })
    sim.restart('n2')
    sim.run(() => sim.storage('n2').identity()?.incarnation.startsWith('3-') === true)
    sim.run(sim.now + 100)
    expect(notes.filter(note => note.startsWith('n2/echo/e started {"amnesiac":true'))).toHaveLength(2)
    const after = ask('n1', 'n2', 'z')
    sim.run(() => after.length === 1)
    expect(after).toEqual([{ outcome: 'answered', result: 'z' }])
  })

  it('[AM10] that settled on less than the truth take a new incarnation when a witness returns', () => {
    const { sim, ask } = echoes(9)
    const copy = sim.storage('n2').copy()
    sim.crash('n3')
    const seen = ask('n1', 'n2', 'x')
    sim.run(() => seen.length === 1)
    sim.crash('n2', { rollback: copy })
    sim.cut('n1', 'n2')
    sim.restart('n3')
    sim.restart('n2')
    sim.run(() => sim.status('n2') === 'running')
    sim.run(sim.now + 2000)
    expect(sim.storage('n2').identity()?.amnesiac).toBe(false)
    sim.heal()
    sim.run(() => sim.storage('n2').identity()?.amnesiac === true)
  })
})

describe('a drawn mix', () => {
  it('differs from seed to seed', () => {
    const mixes = new Set(
      Array.from({ length: 50 }, (_, seed) => JSON.stringify(drawMix(seededRandom(seed)))),
    )
    expect(mixes.size).toBeGreaterThan(30)
  })
})
