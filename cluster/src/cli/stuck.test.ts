import { expect, test } from 'vitest'
import type { GroupRow } from '../gateway/admin.ts'
import type { Told } from './ask-nodes.ts'
import { fakeNode } from './program.fixture.ts'
import { whenStuck, whyStuck } from './stuck.ts'

const row = (node: string, role: string) => ({ group: 'kv.0', node, role, chosen: 1, applied: 1 })
const tells = (id: string, role: string) =>
  ({ id, url: '', answer: [row(id, role)] }) as unknown as Told<readonly GroupRow[]>
const silent = (id: string): Told<readonly GroupRow[]> => ({ id, url: '', problem: 'killed' })

test.each<[string, Told<readonly GroupRow[]>[], string | undefined]>([
  ['all is well', [tells('n1', 'leader'), tells('n2', 'follower')], undefined],
  ['one of three is away', [silent('n1'), tells('n2', 'leader'), tells('n3', 'follower')], undefined],
  // It led before, and has not noticed yet that nobody follows.
  [
    'two of three are away',
    [silent('n1'), tells('n2', 'leader'), silent('n3')],
    'no majority: n1, n3 do not answer',
  ],
  [
    'nobody leads',
    [tells('n1', 'follower'), tells('n2', 'follower'), tells('n3', 'follower')],
    'no leader of kv.0',
  ],
  [
    'nobody leads yet',
    [silent('n1'), tells('n2', 'follower'), tells('n3', 'follower')],
    'no leader of kv.0: n1 does not answer',
  ],
])('%s', (_, told, why) => expect(whyStuck(told)).toBe(why))

test('what lasts is a failure, and what ends is not', async () => {
  const node = await fakeNode({ 'GET /admin/groups': [row('n1', 'follower')] })
  const found = { nodes: [{ id: 'n1', url: node.url }], launcher: undefined, token: undefined }
  const soon = { pollMs: 1, giveUpMs: 20 }
  await expect(whenStuck(found, new AbortController().signal, soon)).rejects.toThrow('no leader of kv.0')
  const ended = new AbortController()
  const watching = whenStuck(found, ended.signal, { pollMs: 1, giveUpMs: 600_000 })
  ended.abort()
  await expect(watching).resolves.toBeUndefined()
  node.close()
})
