/**
 * [VF2] Goods and money are conserved: what came in from outside, less what went out, is what is held now, in all
 * keyspaces together (a checkout moves both from one keyspace to another). Everything starts empty.
 */
import type { Finding } from './finding.ts'
import { latest } from './latest.ts'
import type { GroupView } from './snapshot.ts'

const check = 'conservation'

interface Sum {
  readonly in: number
  readonly out: number
  readonly held: number
}
const nothing: Sum = { in: 0, out: 0, held: 0 }

export function checkConservation(views: readonly GroupView[], moved: readonly string[]): Finding {
  if (moved.length > 0) return { check, verdict: 'unknown', detail: `not at rest: ${moved.join('; ')}` }
  const silent = views.filter(({ audits }) => audits.length === 0)
  if (silent.length > 0) {
    return { check, verdict: 'unknown', detail: `no replica of ${silent.map(({ group }) => group)} answers` }
  }
  const all = parts(views)
  const byMeasure = sums(all, part => part.measure)
  const evidence = sums(all, part => `${part.keyspace} ${part.measure}`)
  const inexact = Object.values(byMeasure)
    .flatMap(Object.values)
    .filter(sum => !Number.isSafeInteger(sum))
  if (inexact.length > 0) {
    return {
      check,
      verdict: 'unknown',
      detail: `a sum is beyond ${Number.MAX_SAFE_INTEGER}`,
      evidence,
    }
  }
  const broken = Object.entries(byMeasure).filter(([, sum]) => sum.in - sum.out !== sum.held)
  const detail = (broken.length > 0 ? broken : Object.entries(byMeasure)).map(describe).join('; ')
  return {
    check,
    verdict: broken.length > 0 ? 'violated' : 'ok',
    detail: detail === '' ? 'nothing that is measured came in' : detail,
    evidence,
  }
}

function describe([measure, sum]: readonly [string, Sum]): string {
  const difference = sum.held - (sum.in - sum.out)
  const left = `${measure}: ${sum.in} in − ${sum.out} out = ${sum.in - sum.out}`
  if (difference === 0) return `${left} held`
  return `${left}, but ${sum.held} held (${Math.abs(difference)} ${difference > 0 ? 'too many' : 'missing'})`
}

type Part = Sum & { readonly keyspace: string; readonly measure: string }

function parts(views: readonly GroupView[]): Part[] {
  return views.flatMap(view => {
    const { held = {}, tallies = {} } = latest(view)?.audit ?? {}
    const holding = Object.entries(held).flatMap(([keyspace, measures]) =>
      Object.entries(measures).map(([measure, sum]) => ({ keyspace, measure, in: 0, out: 0, held: sum })),
    )
    const passing = Object.entries(tallies).flatMap(([keyspace, measures]) =>
      Object.entries(measures).map(([measure, tally]) => ({ keyspace, measure, ...tally, held: 0 })),
    )
    return [...holding, ...passing]
  })
}

function sums(all: readonly Part[], nameOf: (part: Part) => string): Record<string, Sum> {
  const groups = [...Map.groupBy(all, nameOf)]
  return Object.fromEntries(
    groups.map(([name, of]) => [
      name,
      of.reduce(
        (sum, part) => ({ in: sum.in + part.in, out: sum.out + part.out, held: sum.held + part.held }),
        nothing,
      ),
    ]),
  )
}
