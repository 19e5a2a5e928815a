import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PhiAccrual } from './phi.ts'

const options = { intervalMs: 200, minDeviationMs: 50, window: 20 }

function heard(...arrivals: number[]): PhiAccrual {
  const phi = new PhiAccrual(options)
  for (const at of arrivals) phi.heartbeat(at)
  return phi
}
const regular = Array.from({ length: 30 }, (_, index) => index * 200)
const last = 29 * 200

describe('phi-accrual suspicion', () => {
  test('[PH1] is −log10 of the chance that the next heartbeat is merely late', () => {
    const phi = heard(...regular)
    expect(phi.phi(last + 200)).toBeCloseTo(-Math.log10(0.5), 5)
    // Of a normal distribution 2.28 % lies above two deviations, 0.135 % above three.
    expect(phi.phi(last + 300)).toBeCloseTo(-Math.log10(0.0228), 1)
    expect(phi.phi(last + 350)).toBeCloseTo(-Math.log10(0.00135), 1)
  })

  test('[PH2] grows while nothing arrives and falls with the next arrival', () => {
    const phi = heard(...regular)
    fc.assert(
      fc.property(fc.nat(5_000), fc.nat(5_000), (one, other) => {
        const [sooner, later] = [Math.min(one, other), Math.max(one, other)]
        expect(phi.phi(last + later)).toBeGreaterThanOrEqual(phi.phi(last + sooner))
      }),
    )
    expect(phi.phi(last + 5_000)).toBe(40)
    phi.heartbeat(last + 5_000)
    expect(phi.phi(last + 5_000)).toBeLessThan(1)
  })

  test('[PH2] any sign of life ends the wait without changing the estimate', () => {
    const phi = heard(...regular)
    phi.signOfLife(last + 1_000)
    expect(phi.phi(last + 1_200)).toBeCloseTo(-Math.log10(0.5), 5)
  })

  test('[PH3] is 0 for a peer that was never heard', () => {
    const phi = new PhiAccrual(options)
    phi.signOfLife(5)
    expect(phi.phi(1_000_000)).toBe(0)
  })

  test('[PH4] a jittery peer is suspected later than a regular one', () => {
    const arrivals: number[] = []
    for (let index = 0, at = 0; index < 30; index++, at += index % 2 === 0 ? 20 : 380) arrivals.push(at)
    const jittery = heard(...arrivals)
    const end = arrivals.at(-1) ?? 0
    expect(jittery.phi(end + 600)).toBeLessThan(heard(...regular).phi(last + 600))
  })

  test('[PH4] perfect regularity does not make one late heartbeat fatal', () => {
    expect(heard(...regular).phi(last + 260)).toBeLessThan(3)
  })

  test('[PH1] forgets what is older than its window', () => {
    const slowThenFast = heard(0, 5_000, 10_000, ...regular.map(at => 20_000 + at))
    expect(slowThenFast.phi(20_000 + last + 200)).toBeCloseTo(-Math.log10(0.5), 5)
  })
})
