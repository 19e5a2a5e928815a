import { describe, expect, it } from 'vitest'
import { nodeId } from '../address.ts'
import { echoAt, echoes } from './echo.fixture.ts'

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
