import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest'
import { actorId } from '../address.ts'
import { MemoryStorage } from '../storage/memory.ts'
import { defineActor } from './define-actor.ts'
import { AskError } from './ref.ts'
import { openSystem, System } from './system.ts'

const Counter = defineActor({
  type: 'counter',
  durable: true,
  state: () => ({ count: 0 }),
  on: {
    add(state, { by }: { by: number }) {
      state.count += by
      return state.count
    },
    get: state => state.count,
    fail() {
      throw new Error('as asked')
    },
    addLater(_state, { afterMs }: { afterMs: number }, context) {
      context.timer('later', afterMs)
    },
    forward(_state, { to, by }: { to: string; by: number }, context) {
      context.actor(Counter2, to).tell('add', { by })
    },
  },
  timers: {
    later(state) {
      state.count += 100
    },
  },
})
const Counter2 = defineActor({
  type: 'counter2',
  state: () => ({ count: 0 }),
  on: {
    add(state, { by }: { by: number }) {
      state.count += by
      return state.count
    },
  },
})

let folder: string
const systems: System[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synod-system-'))
})
afterEach(async () => {
  for (const system of systems.splice(0)) await system.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(options: Parameters<typeof openSystem>[0] = { data: folder }): Promise<System> {
  const system = await openSystem({ onFailure: () => {}, ...options })
  systems.push(system)
  return system
}

test('[SF1] asks are typed by their handlers', async () => {
  const counter = (await open({})).actor(Counter, 'a')
  const sum = await counter.ask('add', { by: 2 })
  expectTypeOf(sum).toEqualTypeOf<number>()
  expectTypeOf(counter.ask('get')).toEqualTypeOf<Promise<number>>()
  expectTypeOf(counter.ask<'addLater'>).returns.toEqualTypeOf<Promise<void>>()
  expect([sum, await counter.ask('get', {})]).toEqual([2, 2])
  // Never run: these must not compile.
  const _wrong = (): void => {
    // @ts-expect-error no such message
    counter.tell('subtract', { by: 1 })
    // @ts-expect-error the wrong arguments
    counter.tell('add', { by: '1' })
    // @ts-expect-error no arguments
    counter.tell('add')
    // @ts-expect-error arguments for a handler that takes none
    void counter.ask('get', { by: 1 })
  }
  expect(_wrong).toBeTypeOf('function')
})

test('[SF2] an answer comes after its commit', async () => {
  const storage = new MemoryStorage()
  const system = new System(storage, {})
  const sum = await system.actor(Counter, 'a').ask('add', { by: 2 })
  const rows = storage.crash().rows(actorId('counter', 'a'))
  expect([sum, [...rows.entries()].length]).toEqual([2, 1])
  await system.close()
})

test('[SF2, SF9] when the store fails nothing is answered, and the system has ended', async () => {
  const storage = new MemoryStorage()
  const fatal: unknown[] = []
  const system = new System(storage, { onFatal: error => fatal.push(error) })
  storage.failNextCommit('full')
  const asked = system.actor(Counter, 'a').ask('add', { by: 2 })
  await expect(asked).rejects.toMatchObject({
    definite: false,
    message: expect.stringContaining('store failed'),
  })
  expect(fatal).toHaveLength(1)
  expect(() => system.actor(Counter, 'a')).toThrow('closed')
})

test('[SF3] a durable actor goes on after a restart', async () => {
  const first = await open()
  await first.actor(Counter, 'a').ask('add', { by: 5 })
  await first.close()
  const second = await open()
  expect(await second.actor(Counter, 'a').ask('get')).toBe(5)
  expect(await second.actor(Counter, 'b').ask('get')).toBe(0)
})

test('[SF5, SF9] a handler that throws: a definite error, and the actor goes on', async () => {
  const failures: string[] = []
  const system = await open({
    data: folder,
    onFailure: (actor, error) => failures.push(`${actor}: ${error.message}`),
  })
  const counter = system.actor(Counter, 'a')
  await counter.ask('add', { by: 1 })
  await expect(counter.ask('fail')).rejects.toMatchObject({ name: 'AskError', definite: true })
  expect(await counter.ask('get')).toBe(1)
  expect(failures).toEqual(['local/counter/a: as asked'])
})

test('[SF6] arguments are copied', async () => {
  const Keeper = defineActor({
    type: 'keeper',
    state: () => ({ kept: [] as number[] }),
    on: {
      keep(state, { list }: { list: number[] }) {
        state.kept = list
      },
      get: state => state.kept,
    },
  })
  const keeper = (await open({})).actor(Keeper, 'a')
  const list = [1]
  keeper.tell('keep', { list })
  list.push(2)
  expect(await keeper.ask('get')).toEqual([1])
})

test('[SF7, SF8] a timer that came due while the system was down rings once it is up', async () => {
  const first = await open()
  await first.actor(Counter, 'a').ask('addLater', { afterMs: 1 })
  await first.close()
  const second = await open({ data: folder, actors: [Counter] })
  const state = (): unknown => second.kernel.inspect(actorId('counter', 'a'))?.state
  await vi.waitFor(() => expect(state()).toEqual({ count: 100 }), 5_000)
})

test('[SF8] an actor can speak to one that nobody else spoke to', async () => {
  const system = await open({ actors: [Counter2] })
  const counter = system.actor(Counter, 'a')
  await counter.ask('forward', { to: 'b', by: 3 })
  expect(await system.actor(Counter2, 'b').ask('add', { by: 1 })).toBe(4)
})

test('[SF9] no answer in time is not definite', async () => {
  const system = await open({ askTimeoutMs: 0 })
  const failed = await system
    .actor(Counter, 'a')
    .ask('get')
    .catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(AskError)
  expect(failed).toMatchObject({ definite: false })
})

test('[SF12] close handles what was told before, and fails what is told after', async () => {
  const first = await open()
  const counter = first.actor(Counter, 'a')
  for (let i = 0; i < 5_000; i++) counter.tell('add', { by: 1 })
  const asked = counter.ask('get')
  await first.close()
  expect(await asked).toBe(5_000)
  expect(() => counter.tell('add', { by: 1 })).toThrow('closed')
  expect(await (await open()).actor(Counter, 'a').ask('get')).toBe(5_000)
})

test('two definitions of one type are refused', async () => {
  const system = await open({ actors: [Counter] })
  const other = defineActor({ type: 'counter', state: () => ({}), on: {} })
  expect(() => system.actor(other, 'a')).toThrow('two definitions have the type counter')
})
