import { type Address, nodeId, nodeOf } from '@synod/runtime/protocol'
import { expect, test } from 'vitest'
import { frontDoor } from './group.ts'
import { applyOnce, type Invoke } from './once.ts'
import type { OnceAnswer, OnceRequest } from './once-leader.ts'
import { CommandFailed, NoAnswer, ReplicaClient } from './replica-client.ts'
import { replicated } from './replicated.ts'
import { StoreWriter } from './store.ts'
import { storeData } from './store-data.ts'

const replicas = ['n1', 'n2', 'n3'].map(nodeId)
const counter = replicated(
  { commands: { add: (_store, { by }: { by: number }) => by }, queries: { get: () => 7 } },
  { name: 'counter', replicas },
)

/** Applies to one store; `runs` counts what really ran. */
function once() {
  const writer = new StoreWriter(storeData())
  let runs = 0
  const invoke = (sequence: number, firstIncomplete = 1, fail = false) => {
    const command: Invoke = { name: 'add', args: {}, session: 's', sequence, firstIncomplete }
    return applyOnce(writer, command, () => {
      if (fail) throw new Error('no')
      return ++runs
    })
  }
  return { writer, invoke, runs: () => runs }
}

test('[RM7] tried again, a command gives its first answer and does not run', () => {
  const { invoke, runs } = once()
  expect([invoke(1), invoke(2), invoke(1), invoke(2)]).toEqual([1, 2, 1, 2])
  expect(runs()).toBe(2)
})

test('[RM7] answers that the session has are forgotten, and what is older is refused', () => {
  const { invoke, runs, writer } = once()
  for (let sequence = 1; sequence <= 50; sequence++) invoke(sequence, sequence)
  expect(writer.size).toBeLessThanOrEqual(3)
  expect(() => invoke(49)).toThrow('forgotten')
  expect(runs()).toBe(50)
})

test('[RM7] a command that failed has not run', () => {
  const { invoke, writer } = once()
  expect(() => invoke(1, 1, true)).toThrow('no')
  writer.undo()
  expect(invoke(1)).toBe(1)
})

/** Answers as told, in turn; the last one again and again. */
function asker(...answers: ((to: Address, request: OnceRequest) => OnceAnswer | 'timeout')[]) {
  const asked: { to: Address; request: OnceRequest }[] = []
  return {
    asked,
    ask(to: Address, message: unknown) {
      const request = message as OnceRequest
      asked.push({ to, request })
      const result = (answers.length > 1 ? answers.shift() : answers[0])?.(to, request)
      const answer = result === 'timeout' ? { outcome: 'timeout' } : { outcome: 'answered', result }
      return Promise.resolve(answer as { outcome: 'answered'; result: unknown })
    },
  }
}

test('[RM8] the leader is found, and asked first from then on', async () => {
  const host = asker(
    () => ({ type: 'notLeader', leader: nodeId('n3') }),
    () => ({ type: 'result', result: 5 }),
  )
  const client = new ReplicaClient(counter, host, { session: 's' })
  expect(await client.command('add', { by: 5 })).toBe(5)
  await client.query('get')
  expect(host.asked.map(({ to }) => to)).toEqual(
    ['n1', 'n3', 'n3'].map(id => frontDoor(nodeId(id), 'counter')),
  )
})

test('[RM7, RM8] another attempt is the same command; members are tried in turn', async () => {
  const host = asker(
    () => 'timeout',
    () => ({ type: 'notLeader' }),
    to => ({ type: 'result', result: nodeOf(to) }),
  )
  const client = new ReplicaClient(counter, host, { session: 's' })
  await client.command('add', { by: 5 })
  expect(host.asked.map(({ request }) => request)).toEqual(Array(3).fill(host.asked[0]?.request))
  expect(host.asked.map(({ to }) => nodeOf(to))).toEqual(['n1', 'n1', 'n2'])
})

test('[RM7] the session tells its first open command', async () => {
  const host = asker(() => ({ type: 'result', result: 1 }))
  const client = new ReplicaClient(counter, host, { session: 's' })
  await Promise.all([client.command('add', { by: 1 }), client.command('add', { by: 2 })])
  await client.command('add', { by: 3 })
  expect(
    host.asked.map(({ request }) => [
      'sequence' in request && request.sequence,
      'firstIncomplete' in request && request.firstIncomplete,
    ]),
  ).toEqual([
    [1, 1],
    [2, 1],
    [3, 3],
  ])
})

test('[RM8] a failed command is definite, no answer is not', async () => {
  const failing = new ReplicaClient(
    counter,
    asker(() => ({ type: 'failed', failed: 'Error: no' })),
    { session: 's' },
  )
  await expect(failing.command('add', { by: 1 })).rejects.toThrow(CommandFailed)
  const silent = new ReplicaClient(
    counter,
    asker(() => 'timeout'),
    { session: 's', timeoutMs: 5 },
  )
  await expect(silent.query('get')).rejects.toThrow(NoAnswer)
})
