/** One session actor over groups that never fail, and what its tests say to it. */
import { type Address, address, nodeId, nodeOf } from '@synod/runtime/protocol'
import { type Effects, startActor, type TestActor } from '@synod/runtime/simulation'
import { expect } from 'vitest'
import { initialMap } from '../sharding/initial-map.ts'
import { locate } from '../sharding/shard-map.ts'
import type { Submit } from '../transactions/messages.ts'
import type { Operation } from '../transactions/operations.ts'
import { FakeGroups } from './fake-groups.fixture.ts'
import type { SessionAnswer, SessionRequest } from './messages.ts'
import { type SessionMessage, session } from './session.ts'
import type { SessionConfig, SessionState } from './state.ts'

export const nodes = [nodeId('n1'), nodeId('n2'), nodeId('n3')]
export const map = initialMap({ nodes, keyspaces: { kv: { shards: 3, replicas: 3 } } })
export const self = address(nodeId('n1'), 'session', 'main')
export const service = address(nodeId('n1'), 'orders', 'main')

export type Actor = TestActor<SessionState, SessionMessage, SessionConfig>
export type Wire = Effects<{ readonly type: string }>['sent'][number]
export let actor: Actor
export let groups: FakeGroups
export function afresh(): void {
  groups = new FakeGroups(map)
  actor = startActor(session, { map }, {}, { self })
}

export const groupOf = (key: string) => locate(map, 'kv', key)?.group ?? ''
/** A key that lies in shard `shard`. */
export const keyIn = (shard: number) =>
  Array.from({ length: 200 }, (_, i) => `k${i}`).find(key => groupOf(key) === `kv.${shard}`) ?? ''
export const [k0, k1, k2] = [keyIn(0), keyIn(1), keyIn(2)]
export const put = (key: string, value = 1): Operation => ({ op: 'put', keyspace: 'kv', key, value })
export const transact = (operations: Operation[], more: object = {}): SessionRequest => ({
  type: 'transact',
  operations,
  deadlineMs: 10_000,
  ...more,
})
export const sentOf = (effects: Effects) => effects.sent as readonly Wire[]
export const submits = (effects: Effects) =>
  sentOf(effects).map(({ to, message }) => ({ to, message: message as Submit }))
export const only = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1)
  return list[0] as T
}
export const answers = (effects: Effects) => effects.replies.map(reply => reply.result as SessionAnswer)
export const member = (node: string, group: string) => address(nodeId(node), 'learner', group)
/** Says `message` as the member a submit was sent to. */
export const refuse = (to: Address, submit: Submit, type: 'notLeader', leader: string | null) =>
  actor.message(to, {
    type,
    group: to.split('/')[2] ?? '',
    leader,
    tx: `${submit.id.session}:${submit.id.sequence}`,
    ...(submit.send === undefined ? {} : { send: submit.send }),
  })
/** Lets the fake groups answer everything that was sent, and what that makes the session send, to the end. */
export function settleAll(effects: Effects, lost: (wire: Wire) => boolean = () => false): Effects[] {
  const all = [effects]
  for (const step of all) {
    for (const wire of sentOf(step)) {
      if (nodeOf(wire.to) === self.slice(0, 2) && !wire.to.includes('/learner/')) continue
      if (!wire.to.includes('/learner/') || lost(wire)) continue
      all.push(actor.message(wire.to, groups.answer(wire.to, wire.message as Submit)))
    }
  }
  return all
}
export const runs = (effects: Effects) => settleAll(effects).flatMap(answers)
/** Ticks until something is sent or answered; the sum of effects. */
export function tickUntil(happened: (effects: Effects) => boolean): Effects {
  for (let ticks = 0; ticks < 500; ticks++) {
    const effects = actor.timer('tick')
    if (happened(effects)) return effects
  }
  throw new Error('nothing happened')
}
export const anySent = (effects: Effects) => effects.sent.length > 0
export const anyReply = (effects: Effects) => effects.replies.length > 0
