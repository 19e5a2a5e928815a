/**
 * Properties are tried on the same values in every run, so that a run can be repeated; `SYNOD_PROPERTY_SEED=N` draws
 * others, `SYNOD_PROPERTY_RUNS=N` more of them where a test does not say how many.
 */
import fc from 'fast-check'

const number = (name: string) => (process.env[name] === undefined ? undefined : Number(process.env[name]))

fc.configureGlobal({
  seed: number('SYNOD_PROPERTY_SEED') ?? 1,
  numRuns: number('SYNOD_PROPERTY_RUNS') ?? 100,
})
