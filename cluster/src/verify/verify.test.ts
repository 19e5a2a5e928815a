import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { atRest, holding, member, view } from './audit.fixture.ts'
import { checkConservation } from './conservation.ts'
import { worst } from './finding.ts'
import { verifyHistory, verifyLines } from './history-file.ts'
import { checkLocks, orphanedAfterMs } from './locks.ts'
import { checkReplicas } from './replicas.ts'
import { checkReadings, checkRows, emptyReading, type Row, readRow } from './shop-data.ts'
import { type Cluster, movedBetween } from './snapshot.ts'
import { verifyCluster } from './verify.ts'

test('[VF1] members with equal digests and states agree', () => {
  expect(checkReplicas([view([member('n1'), member('n2'), member('n3')])])).toMatchObject({ verdict: 'ok' })
})

test('[VF1] a log that differs at any common slot is a violation, also between replicas that lag', () => {
  const other = member('n2', {
    applied: 6,
    digest: 601,
    digests: [
      [5, 555],
      [6, 601],
    ],
  })
  const found = checkReplicas([view([member('n1'), other])])
  expect(found).toMatchObject({ verdict: 'violated', evidence: { n1: 666, n2: 601 } })
  expect(found.detail).toContain('n1 and n2: their logs differ at slot 6')
})

test('[VF1] states that differ after the same slot are a violation', () => {
  const found = checkReplicas([view([member('n1'), member('n2'), member('n3', { stateHash: 'bb' })])])
  expect(found).toMatchObject({ verdict: 'violated' })
  expect(found.detail).toContain('n1 and n3: their states differ after the same slot 7')
})

test('[VF7] a silent or lagging replica leaves the answer open', () => {
  const silent = view([member('n1'), member('n2')], { silent: [{ node: 'n3', why: 'refused' }] })
  expect(checkReplicas([silent])).toMatchObject({ verdict: 'unknown', detail: expect.stringContaining('n3') })
  const lagging = view([member('n1'), member('n2', { applied: 6, digest: 666, stateHash: 'old' })])
  expect(checkReplicas([lagging])).toMatchObject({
    verdict: 'unknown',
    detail: expect.stringContaining('slots 6 to 7'),
  })
})

test('[VF2] what moved from one keyspace to another is conserved', () => {
  const views = [
    holding('stock', { goods: 90 }, { goods: { in: 105, out: 5 } }),
    holding('orders', { goods: 10, money: 20 }, {}),
    holding('payment', { money: 30 }, { money: { in: 50, out: 0 } }),
  ]
  expect(checkConservation(views, [])).toMatchObject({
    verdict: 'ok',
    detail: 'goods: 105 in − 5 out = 100 held; money: 50 in − 0 out = 50 held',
  })
})

test('[VF2] a unit that vanished or came from nowhere is a violation', () => {
  const lost = [holding('stock', { goods: 99 }, { goods: { in: 100, out: 0 } })]
  expect(checkConservation(lost, [])).toMatchObject({
    verdict: 'violated',
    detail: expect.stringContaining('(1 missing)'),
  })
  const made = [holding('stock', { goods: 102 }, { goods: { in: 100, out: 0 } })]
  expect(checkConservation(made, [])).toMatchObject({
    verdict: 'violated',
    detail: expect.stringContaining('(2 too many)'),
  })
})

test('[VF2] sums are exact, however large', () => {
  const most = Number.MAX_SAFE_INTEGER
  const views = (held: string) => [
    holding('payment', { money: most }, { money: { in: '18014398509481985', out: 1 } }),
    holding('orders', { money: held }, {}),
  ]
  expect(checkConservation(views('9007199254740993'), [])).toMatchObject({ verdict: 'ok' })
  expect(checkConservation(views('9007199254740992'), [])).toMatchObject({
    verdict: 'violated',
    detail: 'money: 18014398509481985 in − 1 out = 18014398509481984, but 18014398509481983 held (1 missing)',
  })
})

test('[VF7] of a group of which less than a majority answers nothing is proved', () => {
  const silent = ['n2', 'n3'].map(node => ({ node, why: 'refused' }))
  const alone = [view([member('n1')], { silent })]
  const unknown = { verdict: 'unknown', detail: 'less than a majority answers of stock.0' }
  expect(checkConservation(alone, [])).toMatchObject(unknown)
  expect(checkLocks(alone, 0)).toMatchObject(unknown)
  const detail = 'n2 does not answer (refused); n3 does not answer (refused)'
  expect(checkReplicas(alone)).toMatchObject({ verdict: 'unknown', detail })
  const enough = [view([member('n1'), member('n2')], { silent: silent.slice(1) })]
  expect(checkConservation(enough, [])).toMatchObject({ verdict: 'ok' })
})

test('[VF6] while things move, sums prove nothing either way', () => {
  const lost = [holding('stock', { goods: 99 }, { goods: { in: 100, out: 0 } })]
  expect(checkConservation(lost, ['stock.0 moved'])).toMatchObject({ verdict: 'unknown' })
})

test('[VF6] a command between the looks is seen, whichever member has applied it', () => {
  const before = new Map([['stock.0', 12]])
  expect(movedBetween(before, [view([member('n1'), member('n2')])], before)).toEqual([])
  expect(movedBetween(before, [view([member('n1'), member('n2', { index: 13 })])], before)).toHaveLength(1)
  expect(movedBetween(before, [view([member('n1')])], new Map([['stock.0', 13]]))).toHaveLength(1)
})

test('[VF3] what is prepared is under way at first, and orphaned when nothing moves for long', () => {
  const left = [view([member('n1', { audit: { ...atRest, prepared: 1, locks: 2 } })])]
  expect(checkLocks(left, 0)).toMatchObject({ verdict: 'unknown' })
  expect(checkLocks(left, orphanedAfterMs)).toMatchObject({
    verdict: 'violated',
    detail: expect.stringContaining('1 prepared'),
  })
  const reserved = [view([member('n1', { audit: { ...atRest, escrow: { keys: 1, pending: 3 } } })])]
  expect(checkLocks(reserved, orphanedAfterMs)).toMatchObject({ verdict: 'violated' })
  expect(checkLocks([view([member('n1'), member('n2')])], orphanedAfterMs)).toMatchObject({ verdict: 'ok' })
})

function reading(keyspace: string, ...rows: readonly Row[]) {
  const found = emptyReading(keyspace)
  for (const row of rows) readRow(found, row)
  return found
}
const order = (total: number, paid = false) => ({ user: 'u', items: [['i', 2, 5]], total, paid })

test('[VF4] negative stock or credit and orders that do not add up are violations', () => {
  const sound = [
    reading('stock', { key: '1/count', value: 0 }, { key: '1/price', value: 5 }),
    reading('payment', { key: 'u', value: 0 }),
    reading('orders', { key: 'o', value: order(10) }),
  ]
  expect(checkRows(sound)).toMatchObject({ verdict: 'ok' })
  for (const bad of [
    reading('stock', { key: '1/count', value: -1 }),
    reading('payment', { key: 'u', value: -1 }),
    reading('orders', { key: 'o', value: order(9) }),
  ]) {
    expect(checkRows([...sound, bad])).toMatchObject({ verdict: 'violated' })
  }
})

test('[VF5] clients must read in sum what the replicas hold', () => {
  const views = [holding('orders', { goods: 2, money: 10 }, {}, 2)]
  const rows = [
    { key: 'a', value: order(10, true) },
    { key: 'b', value: order(10) },
  ]
  expect(checkReadings([reading('orders', ...rows)], views, [])).toMatchObject({ verdict: 'ok' })
  const unpaid = reading('orders', ...rows.map(({ key }) => ({ key, value: order(10) })))
  expect(checkReadings([unpaid], views, [])).toMatchObject({ verdict: 'violated' })
  expect(checkReadings([unpaid], views, ['moved'])).toMatchObject({ verdict: 'unknown' })
})

test('[VF7] an empty history and no findings prove nothing', () => {
  expect(verifyLines(['', ''])).toMatchObject({ verdict: 'unknown' })
  expect(worst([])).toBe('unknown')
})

test('histories are told apart, and violations found', () => {
  const line = (extra: object) => JSON.stringify({ client: 'a', outcome: 'ok', ...extra })
  const put = line({ op: 'put', key: 'x', value: 1, call: 1, return: 2 })
  const get = (output: number | null) => line({ op: 'get', key: 'x', output, call: 3, return: 4 })
  expect(verifyLines([put, get(1)])).toMatchObject({ check: 'linearizability', verdict: 'ok' })
  expect(verifyLines([put, get(null)])).toMatchObject({ check: 'linearizability', verdict: 'violated' })
  const append = line({ txn: [['append', 'x', 1]], call: 1, return: 2 })
  const read = (list: number[]) => line({ txn: [['r', 'x', list]], call: 3, return: 4 })
  expect(verifyLines([append, read([1])])).toMatchObject({ check: 'serializability', verdict: 'ok' })
  expect(verifyLines([append, read([])])).toMatchObject({ check: 'serializability', verdict: 'violated' })
})

test('a file is read by pieces: no line and no letter is lost where one ends, and a problem has its line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'synod-history-'))
  try {
    const file = join(folder, 'history.jsonl')
    const value = 'ä→𝄞'.repeat(200)
    const lines = Array.from({ length: 2_000 }, (_, i) =>
      JSON.stringify({
        client: 'a',
        outcome: 'ok',
        key: 'x',
        call: 2 * i,
        return: 2 * i + 1,
        ...(i % 2 === 0 ? { op: 'put', value: value + i } : { op: 'get', output: value + (i - 1) }),
      }),
    )
    writeFileSync(file, `\n${lines.join('\n')}`)
    expect(verifyHistory(file)).toMatchObject({
      verdict: 'ok',
      detail: '2000 operations on 1 registers (2000 ok)',
    })
    writeFileSync(file, `\n${lines.join('\n')}\nnonsense\n`)
    expect(() => verifyHistory(file)).toThrow(/^line 2002: not JSON/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** A cluster of one node and one group, whose command count is what `commands` says next. */
function fake(commands: () => number, audit: object): Cluster {
  const map = { keyspaces: {}, groups: { 'stock.0': { group: 'stock.0', members: ['n1'] } } }
  const answer = (path: string): unknown => {
    if (path === '/admin/map') return map
    if (path === '/admin/groups') return [{ group: 'stock.0', commands: commands() }]
    return member('n1', { index: commands(), audit: { ...atRest, ...audit } })
  }
  return { nodes: [{ id: 'n1', url: '' }], get: url => Promise.resolve(answer(url)) }
}

test('[VF6] a cluster that never rests is unknown when the patience ends, and says why', async () => {
  let count = 0
  const found = await verifyCluster(
    fake(() => ++count, {}),
    { patienceMs: 0, rows: false },
  )
  expect(found.verdict).toBe('unknown')
  expect(found.findings.find(({ check }) => check === 'conservation')?.detail).toContain('not at rest')
})

test('a cluster at rest is proved or refuted at the second look', async () => {
  const options = { patienceMs: 10_000, rows: false }
  expect(
    await verifyCluster(
      fake(() => 5, {}),
      options,
    ),
  ).toMatchObject({ verdict: 'ok', looks: 2 })
  const held = { held: { stock: { goods: 1 } }, tallies: {} }
  expect(
    await verifyCluster(
      fake(() => 5, held),
      options,
    ),
  ).toMatchObject({ verdict: 'violated', looks: 2 })
})
