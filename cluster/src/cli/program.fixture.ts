/** The command line in the process of the test, and nodes that answer it what a test says. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { vi } from 'vitest'
import { run } from './program.ts'

/** Runs a command in this process, and catches what it prints. */
export async function cluster(...argv: string[]) {
  let out = ''
  let err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    err += String(text)
    return true
  })
  process.exitCode = undefined
  try {
    return { code: await run(argv), out, err: err.trim() }
  } finally {
    process.exitCode = undefined
    vi.restoreAllMocks()
  }
}

/** A node `n1`, alone in its cluster. Answers by method and path, without the query; others are not found there. */
export async function fakeNode(answers: Readonly<Record<string, unknown>>) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const what = `${request.method} ${request.url?.split('?')[0]}`
    asked.push(what)
    if (answers[what] === 'hang up') {
      request.socket.destroy()
      return
    }
    const answer = what === 'GET /admin/status' ? { nodes: [{ id: 'n1', url }] } : answers[what]
    response.statusCode = answer === undefined ? 404 : statusOf(answer)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(answer ?? { detail: `${what} is not here` }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, asked, close: () => server.close() }
}

/** Of problem details, their own. */
function statusOf(answer: unknown): number {
  const isProblem = typeof answer === 'object' && answer !== null && 'detail' in answer && 'status' in answer
  return isProblem ? Number(answer.status) : 200
}
