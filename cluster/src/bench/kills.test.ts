import { describe, expect, test } from 'vitest'
import { isWhole, type KillTarget, killLeaders, type MemberView } from './kills.ts'

const member = (node: string, parts: Partial<MemberView> = {}): MemberView => ({
  node,
  leads: node === 'n1',
  chosen: 7,
  applied: 7,
  ...parts,
})
const all = [member('n1'), member('n2'), member('n3')]

describe('a group is whole', () => {
  test.each<[string, readonly MemberView[], boolean]>([
    ['all caught up under one leader', all, true],
    ['one is missing', all.slice(1), false],
    ['one lags', [...all.slice(0, 2), member('n3', { applied: 6 })], false],
    ['nobody leads', all.map(one => ({ ...one, leads: false })), false],
    ['two say that they lead', [...all.slice(0, 2), member('n3', { leads: true })], false],
  ])('%s', (_, views, expected) => {
    expect(isWhole(views, 3, 7)).toBe(expected)
  })
})

/** Members in memory; the next one leads as soon as the leader is killed, `down` puts later. */
class Group implements KillTarget {
  readonly name = 'a group'
  readonly members = 3
  readonly down = new Set<string>()
  readonly restarted: string[] = []
  leader = 'n1'
  refusals = 0

  async put(): Promise<void> {
    if (this.refusals-- > 0) throw new Error('nobody leads')
  }
  async views(): Promise<MemberView[]> {
    const up = ['n1', 'n2', 'n3'].filter(node => !this.down.has(node))
    return up.map(node => member(node, { leads: node === this.leader }))
  }
  async pidOf(node: string): Promise<number> {
    return Number(node.slice(1))
  }
  async restart(node: string): Promise<void> {
    this.restarted.push(node)
    this.down.delete(node)
  }
  async stop(): Promise<void> {}

  kill(pid: number): void {
    this.down.add(`n${pid}`)
    this.refusals = 2
    this.leader = `n${(pid % 3) + 1}`
  }
}

describe('killing leaders', () => {
  test('each is killed once, started again, and timed until a put that was begun afterwards succeeds', async () => {
    const group = new Group()
    const found = await killLeaders(
      group,
      4,
      () => undefined,
      pid => group.kill(pid),
    )
    expect(group.restarted).toEqual(['n1', 'n2', 'n3', 'n1'])
    expect(found.ms).toHaveLength(4)
    expect(found).toMatchObject({ failed: 8, firstFailure: 'Error: nobody leads' })
  })
})
