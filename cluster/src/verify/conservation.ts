/**
 * [VF2] Goods and money are conserved: what came in from outside, less what went out, is what is held now, in all
 * keyspaces together (a checkout moves both from one keyspace to another). Everything starts empty.
 */
import { exact } from '@synod/actors'
import { tooFew } from './answering.ts'
import type { Finding } from './finding.ts'
import { latest } from './latest.ts'
import type { GroupView } from './snapshot.ts'

const check = 'conservation'

interface Sum {
  readonly in: bigint
  readonly out: bigint
  readonly held: bigint
}
const nothing: Sum = { in: 0n, out: 0n, held: 0n }

export function checkConservation(views: readonly GroupView[], moved: readonly string[]): Finding {
  if (moved.length > 0) return { check, verdict: 'unknown', detail: `not at rest: ${moved.join('; ')}` }
  const few = tooFew(views)
  if (few !== undefined) return { check, verdict: 'unknown', detail: few }
  const all = parts(views)
  const byMeasure = sums(all, part => part.measure)
  const evidence = Object.fromEntries(
    Object.entries(sums(all, part => `${part.keyspace} ${part.measure}`)).map(([name, sum]) => [
      name,
      { in: exact(sum.in), out: exact(sum.out), held: exact(sum.held) },
    ]),
  )
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
  if (difference === 0n) return `${left} held`
  return `${left}, but ${sum.held} held (${difference > 0n ? `${difference} too many` : `${-difference} missing`})`
}

type Part = Sum & { readonly keyspace: string; readonly measure: string }

function parts(views: readonly GroupView[]): Part[] {
  return views.flatMap(view => {
    const { held = {}, tallies = {} } = latest(view)?.audit ?? {}
    const holding = Object.entries(held).flatMap(([keyspace, measures]) =>
      Object.entries(measures).map(([measure, sum]) => ({
        ...nothing,
        keyspace,
        measure,
        held: BigInt(sum),
      })),
    )
    const passing = Object.entries(tallies).flatMap(([keyspace, measures]) =>
      Object.entries(measures).map(([measure, tally]) => ({
        keyspace,
        measure,
        in: BigInt(tally.in),
        out: BigInt(tally.out),
        held: 0n,
      })),
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
