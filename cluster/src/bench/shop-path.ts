/** Scratch: three kernels in one process; every message is encoded and decoded; no sockets. */
import { initialMap, locate, nodeActors, type TransactAnswer } from '@synod/actors'
import { type Answer, type Envelope, Kernel, MemoryStorage, openSqlite } from '@synod/runtime/host'
import { address, nodeId, type NodeId } from '@synod/runtime/protocol'
import { decodeFrame, encodeEnvelopes } from '../../../runtime/src/mesh/frame.ts'
import { mkdtempSync, rmSync } from 'node:fs'

const callers = Number(process.argv[2] ?? 64)
const seconds = Number(process.argv[3] ?? 5)
const disk = process.argv[4] ?? 'memory'
const nodes = ['n1', 'n2', 'n3'].map(nodeId)
const keyspaces = { orders: { shards: 3, replicas: 3, groups: 1 }, stock: { shards: 3, replicas: 3, groups: process.env['ONE'] ? 'orders' : 1 }, payment: { shards: 3, replicas: 3, groups: 'orders' }, kv: { shards: 3, replicas: 3, groups: 1 } } as never
const map = initialMap({ nodes, keyspaces, directoryReplicas: 3 })
const clock = () => ({ monotonicMs: performance.now(), wallMs: Date.now() })
const queues = new Map<NodeId, { from: NodeId; bytes: Uint8Array }[]>(nodes.map(n => [n, []]))
const claim = { incarnation: '1-abcdefghij', turn: 1 }
const folder = mkdtempSync('/work/pathtmp-')
let turns = 0, bytes = 0, frames = 0, commitMs = 0, codecMs = 0
const kernels = nodes.map(node => {
  const storage = disk === 'memory' ? new MemoryStorage() : openSqlite(`${folder}/${node}`)
  if (disk === 'memory') { let t = 0; storage.commit = () => { t++ }; storage.turn = () => t }
  { const original = storage.commit.bind(storage); storage.commit = (...args: never[]) => { const c = process.cpuUsage(); (original as never as (...a: never[]) => void)(...args); const d = process.cpuUsage(c); cu += d.user; cs += d.system; cn++ } }
  const kernel = new Kernel({
    node, incarnation: claim.incarnation, amnesiac: false, storage, clock, random: Math.random,
    transmit: (peer: NodeId, envelopes: readonly Envelope[]) => { const s = performance.now(); const b = encodeEnvelopes(claim, envelopes); codecMs += performance.now() - s; bytes += b.length; frames++; queues.get(peer)!.push({ from: node, bytes: b }) },
    wake: () => undefined,
    observer: { turnEnded: (r: { commitMs: number }) => { turns++; commitMs += r.commitMs } },
  } as never)
  for (const { type, name, config } of nodeActors({ node, map })) kernel.spawn(type, name, config)
  return kernel
})
for (const k of kernels) for (const n of nodes) k.peer(n, true)
const thrash = process.argv[5] === 'cold'; const trash = new Float64Array(8 << 17); let thrashMs = 0
let cu = 0, cs = 0, cn = 0
let done = 0, next = 0
const rr = (i: number, svc: string, req: object) => new Promise<unknown>(r => kernels[i]!.ask(address(nodes[i]!, svc, 'main'), { ...req, deadlineMs: 100000 }, 120000, r))
function ask(i: number, caller: number): void {
  const order = String(next++)
  kernels[i]!.ask(address(nodes[i]!, 'orders', 'main'), { type: 'checkout', order, deadlineMs: 10000 }, 12000, (a: Answer) => {
    const r = (a as { result: { status: string } }).result
    if (r?.status !== 'ok') throw new Error(JSON.stringify(a))
    done++
    ask((i + 1) % 3, caller)
  })
}
function step(): void {
  for (const [i, kernel] of kernels.entries()) {
    const queue = queues.get(nodes[i]!)!
    for (const { from, bytes: b } of queue.splice(0)) { const s = performance.now(); const f = decodeFrame(b, from, nodes[i]!) as { envelopes: Envelope[] };  codecMs += performance.now() - s; kernel.receive(from, f.envelopes) }
    if (kernel.nextTurnAt() <= performance.now()) { if (thrash) { const q = performance.now(); for (let z = 0; z < trash.length; z += 8) trash[z]!++; thrashMs += performance.now() - q }; kernel.turn() }
  }
}
const t0 = performance.now()
while (performance.now() - t0 < 3000) step()
let loaded = false
const load = async () => { console.log(JSON.stringify([await rr(0, 'payment', { type: 'batchInit', users: 10000, money: 1e9 }), await rr(0, 'stock', { type: 'batchInit', items: 10000, stock: 1e9, price: 1 }), await rr(0, 'orders', { type: 'batchInit', orders: 200000, items: 10000, users: 10000, price: 1 })])); loaded = true }
void load()
while (!loaded) { step(); await new Promise(r => setImmediate(r)) }
for (let c = 0; c < callers; c++) ask(c % 3, c)
function run(s: number, label: string) {
  const d0 = done, c0 = process.cpuUsage(), tt0 = turns, b0 = bytes, f0 = frames, e0 = kernels.reduce((s, k) => s + k.stats().events, 0)
  commitMs = 0; codecMs = 0; thrashMs = 0; cu = cs = cn = 0
  const until = performance.now() + s * 1000
  while (performance.now() < until) step()
  const n = done - d0, c = process.cpuUsage(c0)
  console.log(label, 'checkouts/s', (n / s).toFixed(0), 'user µs', ((c.user - thrashMs * 1e3) / n).toFixed(1), 'sys', (c.system / n).toFixed(1), 'puts/turn', (n / (turns - tt0)).toFixed(1), 'bytes/put', ((bytes - b0) / n).toFixed(0), 'frames/put', ((frames - f0) / n).toFixed(2), 'events/put', ((kernels.reduce((s, k) => s + k.stats().events, 0) - e0) / n).toFixed(1), 'commits', cn, 'each user', (cu / cn).toFixed(0), 'sys', (cs / cn).toFixed(0), 'commit µs', (commitMs * 1e3 / n).toFixed(1), 'codec µs', (codecMs * 1e3 / n).toFixed(1))
}
run(Number(process.env['WARM'] ?? 8), 'warm')
for (let i = 0; i < 2; i++) run(seconds, 'run ')
rmSync(folder, { recursive: true })
