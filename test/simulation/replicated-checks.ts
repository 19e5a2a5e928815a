/** What must hold of a replicated group when the faults are over, whatever the protocol below. */
import { directoryGroup } from '@synod/actors'
import { type Address, assert, type Json, nodeOf } from '@synod/runtime/protocol'
import type { Simulation } from '@synod/runtime/simulation'
import type { GroupAudit } from '../../actors/src/replicated/queries.ts'
import type { Audit } from '../../actors/src/transactions/audit.ts'
import { assertLinearizable } from './linearizable.ts'
import type { Ask, Reply } from './machines/registers.ts'
import type { RegisterClient } from './register-client.ts'

/** Asks once; undefined when there was no answer. */
export function answerTo(sim: Simulation, door: Address, message: unknown): unknown {
  let result: { readonly value: unknown } | undefined
  sim.ask(nodeOf(door), door, message, 1000, answer => {
    result = { value: answer.outcome === 'answered' ? answer.result : undefined }
  })
  sim.run(() => result !== undefined)
  return result?.value
}

/** Every member comes to the same slot, with the same log and the same state. */
export function replicasBecomeEqual(sim: Simulation, doors: readonly Address[]): void {
  const endMs = sim.now + 60_000
  let last = ''
  while (sim.now < endMs) {
    const audits = doors.map(door => answerTo(sim, door, { type: 'group.audit' }) as GroupAudit | undefined)
    const pictures = audits.map(audit => audit && `${audit.applied} ${audit.index} ${audit.digest}`)
    const states = audits.map(audit => audit && `${audit.timeMs} ${audit.size} ${audit.stateHash}`)
    last = JSON.stringify(pictures)
    if (pictures[0] !== undefined && pictures.every(picture => picture === pictures[0])) {
      assert(
        states.every(state => state === states[0]),
        `replicas at the same slot differ: ${JSON.stringify(states)}`,
      )
      return
    }
    sim.run(sim.now + 100)
  }
  assert(false, `after 60 s without faults the replicas have not met: ${last}`)
}

/** No transaction is prepared, locked, reserved or owed any more, on any member. */
export function nothingIsLeft(sim: Simulation, group: string, doors: readonly Address[]): void {
  const endMs = sim.now + 60_000
  let left = ''
  while (sim.now < endMs) {
    const audits = doors.map(door => answerTo(sim, door, { type: 'group.audit' }) as GroupAudit | undefined)
    left = audits.map(leftIn).find(text => text !== '') ?? ''
    if (left === '') return
    sim.run(sim.now + 100)
  }
  assert(false, `after 60 s without faults, ${group} still has ${left}`)
}

function leftIn(audit: GroupAudit | undefined): string {
  if (audit === undefined) return 'a member that does not answer'
  if (audit.group === directoryGroup) return ''
  return leftOver(audit.audit as unknown as Audit)
}

/** What a shard at rest must not hold; empty when it is in order. */
export function leftOver({ prepared, locks, escrow, unfinished }: Audit): string {
  if (prepared + locks + escrow.keys + escrow.pending + unfinished === 0) return ''
  return JSON.stringify({ prepared, locks, escrow, unfinished })
}

export function registersAreLinearizable(clients: readonly RegisterClient[]): void {
  const history = clients.flatMap(client => client.history)
  for (const key of new Set(history.map(one => one.key))) {
    if (key.startsWith('list')) continue
    assertLinearizable(
      key,
      history.filter(one => one.key === key),
    )
  }
}

/** Acknowledged appends are in the list once, unacknowledged ones at most once, and nothing else is. */
export function appendsHold(
  sim: Simulation,
  doors: readonly Address[],
  clients: readonly RegisterClient[],
): void {
  const appends = clients.flatMap(client => client.appends)
  for (const key of new Set(appends.map(one => one.key))) {
    const list = readNow(sim, doors, key) as readonly Json[]
    const counts = new Map<Json, number>()
    for (const value of list ?? []) counts.set(value, (counts.get(value) ?? 0) + 1)
    for (const { key: other, value, acknowledged } of appends) {
      if (other !== key) continue
      const times = counts.get(value) ?? 0
      assert(times <= 1 && (times === 1 || !acknowledged), `${value} is ${times} times in ${key}`)
      counts.delete(value)
    }
    assert(counts.size === 0, `${key} holds what nobody appended: ${[...counts.keys()]}`)
  }
}

function readNow(sim: Simulation, doors: readonly Address[], key: string): Json {
  const ask: Ask = { type: 'read', key }
  for (let tries = 0; tries < 100; tries++) {
    for (const door of doors) {
      const reply = answerTo(sim, door, ask) as Reply | undefined
      if (reply?.status === 'done') return reply.output
    }
    sim.run(sim.now + 100)
  }
  return assert(false, `nobody answers a read of ${key}`) as never
}
