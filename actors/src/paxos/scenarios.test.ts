/** Named histories: what must not happen, told step by step. */
import { address, nodeId } from '@synod/runtime/protocol'
import { expect, test } from 'vitest'
import { frontDoor } from '../replicated/group.ts'
import { StoreReader } from '../replicated/store.ts'
import { itemsOf, type ListAnswer, listMachine } from './list-machine.fixture.ts'
import { Network, type NetworkOptions } from './network.fixture.ts'

const client = address(nodeId('client'), 'client', 'c')

class Scene {
  readonly network: Network

  constructor(options: Partial<NetworkOptions> = {}) {
    this.network = new Network({ members: 3, seed: 1, machine: listMachine, ...options })
    this.run(300)
  }

  run(ms: number): void {
    this.network.runUntil(this.network.nowMs + ms)
  }

  ask(node: string, type: 'append' | 'read', id: string): void {
    this.network.send(frontDoor(nodeId(node), 'g'), { type, id, client } as { type: string })
  }

  answer(id: string): ListAnswer | undefined {
    const answers = this.network.answers.map(({ message }) => message as ListAnswer)
    return answers.find(answer => answer.id === id && answer.type !== 'notLeader')
  }

  leads(node: string): boolean {
    return this.network.state(node, 'proposer')?.phase.name === 'leading'
  }

  items(node: string): string[] {
    return itemsOf(new StoreReader(this.network.state(node, 'learner').host.store))
  }

  isolate(node: string): void {
    for (const other of this.network.nodes.keys())
      this.network.cuts.add(`${node}>${other}`).add(`${other}>${node}`)
    this.network.cuts.delete(`${node}>${node}`)
  }
}

test('[PX14] a leader that was cut off, and does not know that another one leads, answers no read from the past', () => {
  const scene = new Scene()
  scene.ask('n1', 'append', 'old')
  scene.run(200)
  scene.isolate('n1')
  // The others miss it and elect, before it has counted enough silent ticks to stop by itself.
  for (const node of ['n2', 'n3']) scene.network.peer(node, 'n1')
  scene.run(300)
  expect([scene.leads('n1'), scene.leads('n2') || scene.leads('n3')]).toEqual([true, true])
  const leader = scene.leads('n2') ? 'n2' : 'n3'
  scene.ask(leader, 'append', 'new')
  scene.run(50)
  expect(scene.answer('new')).toBeDefined()
  scene.ask('n1', 'read', 'r')
  scene.run(3_000)
  expect(scene.answer('r')).toBeUndefined()
  scene.network.cuts.clear()
  scene.run(1_000)
  expect(scene.answer('r')).toBeUndefined()
})

test('[PX15, PX19] all members crash at once: everything answered is there again, and another leader', () => {
  const scene = new Scene()
  for (const id of ['a', 'b', 'c']) scene.ask('n1', 'append', id)
  scene.run(100)
  for (const node of scene.network.nodes.keys()) scene.network.crash(node)
  for (const node of scene.network.nodes.keys()) scene.network.start(node)
  expect(scene.items('n1')).toEqual(['a', 'b', 'c'].slice(0, scene.items('n1').length))
  scene.run(1_500)
  scene.ask('n1', 'read', 'r')
  scene.run(100)
  expect(scene.answer('r')).toMatchObject({ items: ['a', 'b', 'c'] })
})

test('[PX18] a member that hears nobody does not disturb the others when it returns', () => {
  const scene = new Scene()
  const { ballot } = scene.network.state('n1', 'proposer').phase
  scene.isolate('n3')
  scene.run(5_000)
  scene.network.cuts.clear()
  scene.run(2_000)
  expect(scene.network.state('n1', 'proposer').phase).toMatchObject({ name: 'leading', ballot })
})

test('[PX18] a member that the leader reaches, but that cannot reach the leader, does not disturb it', () => {
  const scene = new Scene()
  const { ballot } = scene.network.state('n1', 'proposer').phase
  scene.network.cuts.add('n3>n1')
  scene.run(5_000)
  expect(scene.network.state('n1', 'proposer').phase).toMatchObject({ name: 'leading', ballot })
})

test('[PX19] a leader that hears nobody stops, though everybody hears it', () => {
  const scene = new Scene()
  scene.network.cuts.add('n2>n1').add('n3>n1')
  scene.run(3_000)
  expect(scene.leads('n1')).toBe(false)
  expect(scene.leads('n2') || scene.leads('n3')).toBe(true)
})

test('[PX19] the preferred member leads again some seconds after it has come back', () => {
  const scene = new Scene()
  scene.network.crash('n1')
  scene.run(2_000)
  expect(scene.leads('n2') || scene.leads('n3')).toBe(true)
  scene.network.start('n1')
  scene.run(6_000)
  expect(scene.leads('n1')).toBe(true)
})

test('[PX21] a group of five survives two lost disks, one after the other', () => {
  const scene = new Scene({ members: 5 })
  scene.ask('n1', 'append', 'a')
  scene.run(100)
  for (const node of ['n1', 'n2']) {
    scene.network.wipe(node)
    scene.run(1_500)
    scene.network.start(node)
    scene.run(1_500)
  }
  for (const node of ['n3', 'n4']) scene.network.crash(node)
  scene.run(3_000)
  scene.ask('n1', 'read', 'r')
  scene.ask('n2', 'read', 'r')
  scene.ask('n5', 'read', 'r')
  scene.run(200)
  expect(scene.answer('r')).toMatchObject({ items: ['a'] })
})

test('[PX11, PX17] a member without state cannot lead before it has fetched one', () => {
  const scene = new Scene({ tuning: { tailSlots: 0, flushSlots: 2 } })
  scene.network.crash('n3')
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    scene.ask('n1', 'append', id)
    scene.run(50)
  }
  // n1 is gone for good, and of n2 only acceptor and learner are left: n3 alone can lead.
  scene.network.crash('n1')
  scene.network.start('n3')
  scene.network.node('n2').actors.delete('proposer')
  scene.run(6_000)
  expect(scene.leads('n3')).toBe(true)
  expect(scene.items('n3')).toEqual(['a', 'b', 'c', 'd', 'e'])
})
