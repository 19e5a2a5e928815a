/** Prints what V8 lets this process's heap grow to, the young generation included. With `as a node`: as one. */
import { getHeapStatistics } from 'node:v8'
import { beginWithNodeFlags } from './memory-bounds.ts'

if (process.argv[2] === 'as a node') beginWithNodeFlags()

console.log(JSON.stringify({ pid: process.pid, limitBytes: getHeapStatistics().heap_size_limit }))
