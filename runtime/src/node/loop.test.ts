import { expect, test, vi } from 'vitest'
import { at, n1, probe } from '../kernel/kernel.fixture.ts'
import { Kernel } from '../kernel/kernel.ts'
import type { KernelPorts } from '../kernel/ports.ts'
import { MemoryStorage } from '../storage/memory.ts'
import { machineClock, monotonicMs } from './clock.ts'
import { TurnLoop } from './loop.ts'

const deadline = { timeout: 5_000, interval: 1 }

function ports(loop: TurnLoop, overrides: Partial<KernelPorts> = {}): KernelPorts {
  return {
    node: n1,
    incarnation: '1-a',
    amnesiac: false,
    storage: new MemoryStorage(),
    clock: machineClock,
    random: () => 0.5,
    transmit() {},
    wake: loop.wake,
    ...overrides,
  }
}

function setUp(overrides: Partial<KernelPorts> = {}) {
  const errors: unknown[] = []
  const loop = new TurnLoop(monotonicMs, error => errors.push(error))
  const kernel = new Kernel(ports(loop, overrides))
  loop.run(kernel)
  return { loop, kernel, errors }
}

test('what is told runs, in a turn of its own and not inside the call', async () => {
  const { loop, kernel } = setUp()
  kernel.spawn(probe('a'), 'x', undefined)
  kernel.tell(at('a'), 'm')
  expect(kernel.stats().events).toBe(0)
  await vi.waitFor(() => expect(kernel.stats().events).toBe(1), deadline)
  loop.stop()
})

test('what arrives before the event loop comes round shares one turn', async () => {
  const { loop, kernel } = setUp()
  kernel.spawn(probe('a'), 'x', undefined)
  await vi.waitFor(() => expect(kernel.nextTurnAt()).toBe(Number.POSITIVE_INFINITY), deadline)
  const { turns } = kernel.stats()
  for (let i = 0; i < 100; i++) kernel.tell(at('a'), 'm')
  await vi.waitFor(() => expect(kernel.stats().events).toBe(100), deadline)
  expect(kernel.stats().turns).toBe(turns + 1)
  loop.stop()
})

test('between two turns the event loop gets its go', async () => {
  const { loop, kernel } = setUp({ limits: { turnEvents: 10 } })
  kernel.spawn(
    probe('pong', (_event, out) => out.send(at('pong'), 'again')),
    'x',
    undefined,
  )
  kernel.tell(at('pong'), 'go')
  const seen: number[] = []
  await vi.waitFor(() => {
    seen.push(kernel.stats().turns)
    expect(seen.at(-1)).toBeGreaterThan(3)
  }, deadline)
  loop.stop()
})

test('timers ring, and a kernel at rest is not run', async () => {
  const { loop, kernel } = setUp()
  kernel.spawn(
    probe('a', () => {}, { begin: out => out.setTimer('t', 5) }),
    'x',
    undefined,
  )
  await vi.waitFor(() => expect(kernel.stats().events).toBe(1), deadline)
  const { turns } = kernel.stats()
  await vi.waitFor(() => expect(kernel.nextTurnAt()).toBe(Number.POSITIVE_INFINITY), deadline)
  for (let i = 0; i < 10; i++) await new Promise(resolve => setImmediate(resolve))
  expect(kernel.stats().turns).toBe(turns)
  loop.stop()
})

test('a turn that throws stops the loop and is told', async () => {
  const storage = new MemoryStorage()
  storage.failNextCommit('error')
  const { kernel, errors } = setUp({ storage })
  kernel.spawn(
    probe('a', (_event, out) => out.save('k', 1)),
    'x',
    undefined,
  )
  kernel.tell(at('a'), 'm')
  await vi.waitFor(() => expect(errors).toHaveLength(1), deadline)
  expect(() => kernel.turn()).toThrow('dead')
})

test('another kernel takes the place of the one before', async () => {
  const { loop, kernel } = setUp()
  kernel.spawn(probe('a'), 'x', undefined)
  kernel.tell(at('a'), 'to the old one')
  const next = new Kernel(ports(loop))
  next.spawn(probe('a'), 'x', undefined)
  next.tell(at('a'), 'to the new one')
  loop.run(next)
  await vi.waitFor(() => expect(next.stats().events).toBe(1), deadline)
  expect(kernel.stats().events).toBe(0)
  loop.stop()
})
